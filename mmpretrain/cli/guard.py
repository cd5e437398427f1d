"""How a command reports failures of the machine, and unexpected errors."""

from __future__ import annotations

import errno
import os
import sys
import sysconfig
import tempfile
import traceback
from pathlib import Path

from mmpretrain.errors import MMPretrainError, add_note, notes_of
from mmpretrain.utils.brief import said

#: The disk is full, or what a user may take of it.
NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
#: Error number -> what to do about it.
_HINTS = {
    errno.EACCES: "Change its permissions, or choose another place.",
    errno.EPERM: "Change its permissions, or choose another place.",
    errno.EROFS: "Choose a place that can be written.",
    errno.ENOENT: "Check its name.",
    errno.ENOTDIR: "A part of this path is a file: choose another place.",
    errno.EISDIR: "Give the name of a file.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ELOOP: "It is a symbolic link that leads to itself.",
    errno.EMFILE: "Allow more open files (`ulimit -n 4096`), or use fewer num_workers.",
    errno.ENFILE: "This machine has too many files open: end other programs.",
    errno.EIO: "The disk or its connection fails.",
}


def check_folder() -> None:
    """Check that the current folder is there.

    Raises:
        MMPretrainError: If it has been deleted.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise MMPretrainError(
            f"The current folder cannot be used: {error.strerror}", hint="Change to another one with cd."
        ) from error


def leave_pipe() -> None:
    """Discard further output: the reader of the pipe (``| head``) has exited."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def of_machine(error: BaseException) -> MMPretrainError | None:
    """Return the sentence about an error of the machine; None for all others."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return MMPretrainError("The disk is full", where=_place(error), hint="Free some space and repeat it.")
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return MMPretrainError(
            "A file would become larger than is allowed here",
            where=_place(error),
            hint="Raise the limit (`ulimit -f unlimited`), or write to another file system.",
        )
    if (
        isinstance(error, OSError)
        and error.errno in _HINTS
        and (error.filename or error.errno == errno.EMFILE)
    ):
        return MMPretrainError(str(error.strerror), where=_place(error), hint=_HINTS[error.errno])
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return MMPretrainError(
            f"Memory ran out ({said(error)})", hint="Use a smaller batch_size, or fewer num_workers."
        )
    return None


def _place(error: OSError) -> str | None:
    return None if error.filename is None else str(error.filename)


def is_ours(error: BaseException) -> bool:
    """Whether an error comes from this package and what it uses, without any code of the user."""
    library = sysconfig.get_paths()["stdlib"]
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    files += getattr(error.__cause__, "files", ())  # of an error in a data worker
    return all(
        file.startswith(("<", library)) or {"site-packages", "mmpretrain"} & set(Path(file).parts)
        for file in files
    )


def unforeseen(error: BaseException) -> MMPretrainError:
    """Keep the traceback of an error in a file, and return the sentence that says so."""
    sentence = _kept(error)
    for note in notes_of(error):
        add_note(sentence, note)
    return sentence


def _kept(error: BaseException) -> MMPretrainError:
    message = f"This should not happen ({said(error)})"
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="mmpretrain-",
            suffix=".txt",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as file:
            file.write(text)
    except OSError:
        return MMPretrainError(message, hint="Repeat it with --debug, and report what it prints.")
    return MMPretrainError(message, hint=f"Please report it with its traceback, {Path(file.name)}.")
