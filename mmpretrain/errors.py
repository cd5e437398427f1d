"""The exceptions that mmpretrain raises on purpose.

Every message says what is wrong, where it is, and what to do::

    MMPretrainError
    ├── ConfigError (ValueError)            a config file or an option
    │   ├── NotRegisteredError (KeyError)   a ``type`` that no registry knows
    │   ├── NameTakenError (KeyError)       a component under the name of another one
    │   ├── ArgumentError (TypeError)       a ``type`` whose arguments do not fit its signature
    │   └── CustomImportError (ImportError) a module of ``custom_imports`` that does not import
    ├── MissingFileError (FileNotFoundError)
    ├── DataError (ValueError)              an image, an annotation line, a label
    │   └── TransformError                  an image that a transform cannot work on
    ├── CheckpointError (RuntimeError)      a checkpoint that cannot be read or does not fit
    ├── TrainingError (RuntimeError)        a run that cannot continue
    └── OptionalDependencyError (ImportError)

The command line turns each of them into one line and exit code 2; ``--debug`` shows the traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MMPretrainError(Exception):
    """Base of all deliberate errors.

    Args:
        message: What is wrong, one sentence.
        where: The file and line, or the config key path, that it is about.
        hint: What to do about it.
        key: The argument or config key at fault; whoever knows the config turns it into ``where``.
    """

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, key: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.key = key

    def __reduce__(self) -> tuple:
        # All fields travel between processes, those of subclasses and notes included.
        return (_rebuild, (type(self), self.message), self.__dict__)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if not self.hint:
            return text
        return f"{text} {self.hint}" if text.endswith((".", "?", "!")) else f"{text}. {self.hint}"


def _rebuild(cls: type[MMPretrainError], message: str) -> MMPretrainError:
    # The constructor of a subclass may take other arguments; the state follows.
    return cls.__new__(cls, message)


def add_note(error: BaseException, sentence: str) -> None:
    """Attach a note to an error: tracebacks of Python 3.11 and the command line show it."""
    notes: list[str] = getattr(error, "__notes__", [])
    if sentence not in notes:
        error.__notes__ = [*notes, sentence]  # type: ignore[attr-defined]


def notes_of(error: BaseException) -> list[str]:
    """Return the notes of an error."""
    return list(getattr(error, "__notes__", ()))


@contextmanager
def located(where: str | None) -> Iterator[None]:
    """Add a place to deliberate errors from inside that have none."""
    try:
        yield
    except MMPretrainError as error:
        error.where = error.where or where
        raise


class ConfigError(MMPretrainError, ValueError):
    """A config file, a config key or a command-line option is wrong."""


class NotRegisteredError(ConfigError, KeyError):
    """A ``type`` names something that is in no registry."""


class NameTakenError(ConfigError, KeyError):
    """A component is registered under the name of another one."""


class ArgumentError(ConfigError, TypeError):
    """The arguments of a ``{type: ...}`` node do not fit the signature of what it names."""


class CustomImportError(ConfigError, ImportError):
    """A module that ``custom_imports`` names does not import."""


class MissingFileError(MMPretrainError, FileNotFoundError):
    """A file or folder that a config or command names is not there."""


class DataError(MMPretrainError, ValueError):
    """An image, an annotation or a label cannot be used."""


class TransformError(DataError):
    """A transform of this package cannot work on an image."""


class CheckpointError(MMPretrainError, RuntimeError):
    """A checkpoint cannot be read, or does not fit the model."""


class TrainingError(MMPretrainError, RuntimeError):
    """A run cannot continue."""


class OptionalDependencyError(MMPretrainError, ImportError):
    """A feature needs a package that is not installed; the hint names the extra to install."""
