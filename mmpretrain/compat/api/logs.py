"""Loggers, scopes and named instances, under the names of MMEngine and MMCV."""

from __future__ import annotations

import logging
from typing import Any

from mmpretrain.engine import session
from mmpretrain.errors import TrainingError
from mmpretrain.utils.dist import get_rank
from mmpretrain.utils.logging import get_logger as own_logger
from mmpretrain.utils.logging import print_log as print_log  # one of the old names


def get_logger(
    name: str, log_file: str | None = None, log_level: int | str = logging.INFO, file_mode: str = "w"
) -> logging.Logger:
    """Return a logger that prints, and writes to a file if one is named.

    Args:
        name: Its name; a logger below it needs no output of its own.
        log_file: The file; only the first process writes to it.
        log_level: The least level that is logged; of other processes only errors are.
        file_mode: How to open the file.
    """
    logger = logging.getLogger(name)
    if any(handler.get_name() == _HANDLER for handler in logger.handlers):
        return logger
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if log_file is not None and get_rank() == 0:
        handlers.append(logging.FileHandler(log_file, file_mode))
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
        handler.set_name(_HANDLER)
        logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(log_level if get_rank() == 0 else logging.ERROR)
    return logger


_HANDLER = "mmpretrain.compat"


def get_root_logger(log_file: str | None = None, log_level: int | str = logging.INFO) -> logging.Logger:
    """Return the logger of the run that is under way, or one that writes to the given file."""
    return MMLogger.get_current_instance() if log_file is None else get_logger("mmcls", log_file, log_level)


class MMLogger(logging.Logger):
    """The loggers of a run, under the name that MMEngine gave them. They are those of :mod:`logging`."""

    @classmethod
    def get_current_instance(cls) -> logging.Logger:
        """Return the logger of the run that is under way, and the package's where there is none."""
        try:
            return session.current().logger
        except TrainingError:
            return own_logger()

    @classmethod
    def get_instance(cls, name: str, logger_name: str = "mmpretrain", **kwargs: Any) -> logging.Logger:
        """Return a logger by name, with its outputs if it is a new one.

        Args:
            name: Its name.
            logger_name: Accepted for compatibility.
            **kwargs: ``log_file``, ``log_level`` and ``file_mode`` of :func:`get_logger`.
        """
        known = {key: kwargs[key] for key in ("log_file", "log_level", "file_mode") if key in kwargs}
        return get_logger(name, **known)

    @classmethod
    def check_instance_created(cls, name: str) -> bool:
        """Whether there is a logger of that name."""
        return name in logging.Logger.manager.loggerDict


class DefaultScope:
    """The scope in which names of components are looked up. There is one here: ``mmpretrain``.

    Args:
        name: Name of the instance.
        scope_name: Name of the scope.
    """

    def __init__(self, name: str = "mmpretrain", scope_name: str = "mmpretrain") -> None:
        self.instance_name = name
        self.scope_name = scope_name

    @classmethod
    def get_current_instance(cls) -> DefaultScope:
        """Return the scope."""
        return cls()

    @classmethod
    def get_instance(cls, name: str, scope_name: str = "mmpretrain", **kwargs: Any) -> DefaultScope:
        """Return the scope under a name."""
        return cls(name, scope_name)

    @classmethod
    def check_instance_created(cls, name: str) -> bool:
        """Whether the scope is there, which it always is."""
        return True


def init_default_scope(scope: str) -> None:
    """Do nothing: there is one scope, and names with the prefix of another library lead to it.

    Args:
        scope: Its name.
    """
