"""Versions, optional programs and packages, and names that changed."""

from __future__ import annotations

import functools
import getpass
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_STAGES = {"a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1, "post": 1}


def digit_version(version_str: str, length: int = 4) -> tuple[int, ...]:
    """Return a version as numbers that can be compared: ``'1.2.0rc1'`` -> ``(1, 2, 0, 0, -1, 1)``.

    Args:
        version_str: The version; what follows a ``+`` does not count.
        length: Numbers of the release to return, at least.
    """
    from packaging.version import InvalidVersion, Version

    try:
        version = Version(version_str)
    except (InvalidVersion, TypeError) as error:
        raise ValueError(f"{version_str!r} is not a version such as 1.2.0") from error
    release = [*version.release, *[0] * (length - len(version.release))]
    if version.is_prerelease and version.pre is not None:
        return (*release, _STAGES[version.pre[0]], version.pre[1])
    if version.is_postrelease and version.post is not None:
        return (*release, _STAGES["post"], version.post)
    return (*release, 0, 0)


def parse_version_info(version_str: str, length: int = 4) -> tuple[int | str, ...]:
    """Return the parts of a version: ``'1.3.0rc1'`` -> ``(1, 3, 0, 0, 'rc', 1)``."""
    from packaging.version import Version

    version = Version(version_str)
    release = [*version.release, *[0] * (length - len(version.release))]
    if version.pre is not None:
        return (*release, *version.pre)
    return (*release, "post", version.post) if version.post is not None else (*release, 0, 0)


def get_git_hash(fallback: str = "unknown", digits: int | None = None) -> str:
    """Return the commit of the working folder.

    Args:
        fallback: What to return where there is none.
        digits: How many letters to return; all of them by default.
    """
    if not isinstance(fallback, str) or (digits is not None and not isinstance(digits, int)):
        raise TypeError(f"fallback must be a string and digits a number, got {fallback!r} and {digits!r}")
    try:
        out = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, check=True, text=True, env=_plain_environment()
        )
    except (OSError, subprocess.CalledProcessError):
        return fallback
    return out.stdout.strip()[:digits]


def _plain_environment() -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("SYSTEMROOT", "PATH", "HOME") if key in os.environ}
    return {**kept, "LANGUAGE": "C", "LANG": "C", "LC_ALL": "C"}


def get_host_info() -> str:
    """Return who runs this where, as ``user@host``."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def get_time_str() -> str:
    """Return the time as ``20210131_235959``."""
    return time.strftime("%Y%m%d_%H%M%S", time.localtime())


def obj_from_dict(info: Mapping[str, Any], parent: Any = None, default_args: Any = None) -> Any:
    """Build an object from a dict.

    Args:
        info: Its arguments, and ``type``: a class, or its name in ``parent``.
        parent: The module of the class; without it, ``type`` is a dotted path.
        default_args: Arguments to use where ``info`` has none.
    """
    options = {**(default_args or {}), **info}
    kind = options.pop("type")
    if isinstance(kind, str):
        kind = get_object_from_string(kind) if parent is None else getattr(parent, kind)
    if not callable(kind):
        raise TypeError(f"'type' must be a class or the name of one, got {info['type']!r}")
    return kind(**options)


def is_installed(package: str) -> bool:
    """Whether a distribution, or a module, of that name is installed."""
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return importlib.util.find_spec(package) is not None
    return True


def get_installed_path(package: str) -> str:
    """Return the folder of an installed package.

    Raises:
        ImportError: If it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImportError(f"{package!r} is not installed", name=package)
    return str(Path(spec.origin).parent)


def import_modules_from_strings(
    imports: str | Sequence[str] | None, allow_failed_imports: bool = False
) -> ModuleType | list[ModuleType | None] | None:
    """Import modules by name.

    Args:
        imports: A name, or several.
        allow_failed_imports: Warn about one that fails, and return None in its place.
    """
    if not imports:
        return None
    names = [imports] if isinstance(imports, str) else imports
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"imports must be a name or a list of names, got {imports!r}")
    modules: list[ModuleType | None] = []
    for name in names:
        try:
            modules.append(importlib.import_module(name))
        except ImportError:
            if not allow_failed_imports:
                raise
            warnings.warn(f"{name} does not import, and is left out", UserWarning, stacklevel=2)
            modules.append(None)
    return modules[0] if isinstance(imports, str) else modules


def get_object_from_string(obj_name: str) -> Any:
    """Return what a dotted path names; None if there is no such thing."""
    parts = obj_name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found
    return None


def check_prerequisites(
    prerequisites: str | Iterable[str],
    checker: Callable[[str], bool],
    msg_tmpl: str = '"{}" is needed by "{}" but is not installed. Install it first.',
) -> Callable[[F], F]:
    """Return a decorator that calls a function only if what it needs is there."""
    needed = [prerequisites] if isinstance(prerequisites, str) else list(prerequisites)

    def wrap(func: F) -> F:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            missing = [item for item in needed if not checker(item)]
            if missing:
                raise RuntimeError(msg_tmpl.format(", ".join(missing), func.__name__))
            return func(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    return wrap


def requires_package(prerequisites: str | Iterable[str]) -> Callable[[F], F]:
    """Return a decorator for functions that need Python packages."""
    return check_prerequisites(prerequisites, is_installed)


def requires_executable(prerequisites: str | Iterable[str]) -> Callable[[F], F]:
    """Return a decorator for functions that need programs."""
    return check_prerequisites(prerequisites, lambda program: shutil.which(program) is not None)


def deprecated_api_warning(name_dict: Mapping[str, str], cls_name: str | None = None) -> Callable[[F], F]:
    """Return a decorator that takes arguments under their former names, with a warning.

    Args:
        name_dict: Former name -> name.
        cls_name: The class of the method, for the warning.
    """

    def wrap(func: F) -> F:
        label = f"{cls_name}.{func.__name__}" if cls_name else func.__name__

        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            for old, new in name_dict.items():
                if old in kwargs:
                    if new in kwargs:
                        raise TypeError(f"{label} got {old!r}, the former name of {new!r}, and {new!r} too")
                    text = f'"{old}" of {label} is deprecated, use "{new}" instead'
                    warnings.warn(text, DeprecationWarning, stacklevel=2)
                    kwargs[new] = kwargs.pop(old)
            return func(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    return wrap


def deprecated_function(since: str, removed_in: str, instructions: str) -> Callable[[F], F]:
    """Return a decorator that warns that a function is going to be removed."""

    def wrap(func: F) -> F:
        text = f"{func.__qualname__} is deprecated since {since} and goes in {removed_in}. {instructions}"

        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(text, DeprecationWarning, stacklevel=2)
            return func(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    return wrap
