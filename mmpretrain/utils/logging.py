"""The log of a run, on top of the standard :mod:`logging`.

Modules of this package log through ``get_logger()``. A run attaches a file and the console to that logger, in
the line format of 1.x, and detaches those of the run before it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from mmpretrain.errors import ConfigError
from mmpretrain.utils.dist import get_rank
from mmpretrain.utils.text import lines

NAME = "mmpretrain"

#: ``extra`` of records that a progress bar replaces on a terminal; see :class:`ConsoleHandler`.
IN_PROGRESS_BAR = {"in_progress_bar": True}


class RunLogFormatter(logging.Formatter):
    """``2026/01/31 12:00:00 - mmpretrain - INFO - text``; warnings and errors say where they come from.

    Args:
        datefmt: Format of the time.
    """

    plain = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
    traced = "%(asctime)s - %(name)s - %(levelname)s - %(pathname)s - %(funcName)s - %(lineno)d - %(message)s"

    def __init__(self, datefmt: str = "%Y/%m/%d %H:%M:%S") -> None:
        super().__init__(self.plain, datefmt)
        self._traced = logging.Formatter(self.traced, datefmt)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; control characters appear as escapes."""
        if record.levelno == logging.DEBUG or record.levelno >= logging.ERROR:
            return lines(self._traced.format(record))
        return lines(super().format(record))


def one_line_an_epoch() -> bool:
    """Whether the console shows one line for each epoch, and not all lines of the log file.

    It does on a terminal and in the commands of 2.x. The environment variable ``MMPRETRAIN_CONSOLE``
    overrules this: ``epochs`` means one line, ``lines`` means all.
    """
    style = os.environ.get("MMPRETRAIN_CONSOLE")
    if style in ("epochs", "lines"):
        return style == "epochs"
    return sys.stdout is not None and not sys.stdout.closed and sys.stdout.isatty()


class ConsoleHandler(logging.StreamHandler):
    """Writes to whatever is the standard output at that moment, above a progress bar if one is shown.

    Where :func:`one_line_an_epoch` says so, records with ``extra={"lengthy": True}`` (the environment, the
    config) are left to the file, and so are those with ``extra=IN_PROGRESS_BAR``. Without a bar, one of these
    is printed if nothing else was for a minute, since an epoch may take hours.

    Attributes:
        progress: The display that prints, or None.
    """

    progress: Any = None
    clock = staticmethod(time.monotonic)
    _shown_at: float | None = None

    @property
    def stream(self) -> TextIO:
        """The standard output."""
        return sys.stdout

    @stream.setter
    def stream(self, value: TextIO) -> None:
        """Stay with the standard output; the base class sets what it was created with."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; once the standard output is closed or gone, there is nowhere to write it to."""
        if sys.stdout is None or sys.stdout.closed:
            return
        if (self.progress is not None or one_line_an_epoch()) and self._left_out(record):
            return
        self._shown_at = self.clock()
        if self.progress is None:
            super().emit(record)
        else:
            with suppress(OSError):
                self.progress.console.print(
                    self.format(record), markup=False, highlight=False, soft_wrap=True
                )

    def _left_out(self, record: logging.LogRecord) -> bool:
        if not getattr(record, "in_progress_bar", False):
            return getattr(record, "lengthy", False)
        if self.progress is not None and not self.progress.disable:
            return True
        self._shown_at = self.clock() if self._shown_at is None else self._shown_at
        return self.clock() - self._shown_at < 60

    def handleError(self, record: logging.LogRecord) -> None:
        """Report what kept a record from being written, unless the terminal or a pipe's reader is gone."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class FileHandler(logging.FileHandler):
    """Writes to a file; when the disk is full it says so once, and not with a traceback for every line."""

    _failed = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Report what kept a record from being written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._failed:
            self._failed = True
            print(f"The log {self.baseFilename} cannot be written ({error}).", file=sys.stderr)

    def close(self) -> None:
        """Close the file; what does not fit on a full disk is lost."""
        with suppress(OSError):
            super().close()


def get_logger(name: str = NAME) -> logging.Logger:
    """Return the package's logger, or a logger below it."""
    return logging.getLogger(name if name.startswith(NAME) else f"{NAME}.{name}")


@contextmanager
def going_on_without(what: str) -> Iterator[None]:
    """Log that a file could not be written, usually because the disk is full, and continue."""
    try:
        yield
    except OSError as error:
        get_logger().error(f"{what} could not be written ({error}). The run continues without it.")


def attach_run_log(log_file: str | Path | None, level: int | str = "INFO") -> logging.Logger:
    """Send the log to the console, and to a file; of several processes, the first one only.

    Args:
        log_file: The text log; other ranks write next to it at level WARNING, with their number in the name.
        level: The least level that is logged.
    """
    logger = get_logger()
    detach_run_log()
    rank = get_rank()
    number = logging.getLevelName(level.upper()) if isinstance(level, str) else level
    if not isinstance(number, int):
        raise ConfigError(
            f"There is no log level {level!r}", hint="Choose one of DEBUG, INFO, WARNING, ERROR, CRITICAL."
        )
    level = number
    logger.setLevel(level)
    logger.propagate = False
    console = ConsoleHandler()
    console.setFormatter(RunLogFormatter("%m/%d %H:%M:%S"))
    console.setLevel(level if rank == 0 else max(level, logging.ERROR))
    logger.addHandler(console)
    if log_file is not None:
        path = Path(log_file)
        if rank:
            path = path.with_name(f"{path.stem}_rank{rank}{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        # Other ranks open their file when they have something to say.
        file = FileHandler(path, mode="a", encoding="utf-8", delay=rank > 0)
        file.setFormatter(RunLogFormatter())
        file.setLevel(level if rank == 0 else max(level, logging.WARNING))
        logger.addHandler(file)
    return logger


def detach_run_log() -> None:
    """Close what :func:`attach_run_log` opened."""
    logger = get_logger()
    for handler in list(logger.handlers):
        if isinstance(handler.formatter, RunLogFormatter):
            logger.removeHandler(handler)
            handler.close()
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


def console_handler() -> ConsoleHandler | None:
    """Return the console of the run in progress."""
    found = [handler for handler in get_logger().handlers if isinstance(handler, ConsoleHandler)]
    return found[0] if found else None


def print_log(msg: Any, logger: Any = None, level: int = logging.INFO) -> None:
    """Log a message the way user code of 1.x does.

    Args:
        msg: The message.
        logger: A logger or its name; ``'current'`` is the run's, ``'silent'`` none, and None ``print``.
        level: The level.
    """
    if logger is None:
        print(msg)
    elif isinstance(logger, logging.Logger):
        logger.log(level, msg)
    elif logger != "silent":
        (get_logger() if logger == "current" else logging.getLogger(logger)).log(level, msg)
