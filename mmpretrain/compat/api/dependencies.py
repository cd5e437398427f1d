"""Functions that need a package, and what modules of 1.x say about them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from mmpretrain.errors import OptionalDependencyError

F = TypeVar("F", bound=Callable[..., Any])


def satisfy_requirement(dep: str) -> bool:
    """Whether a distribution is installed in a version that ``'package>=1.2'`` allows."""
    from packaging.requirements import Requirement

    wanted = Requirement(dep)
    try:
        found = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return wanted.specifier.contains(found, prereleases=True)


def require(dep: str, install: str | None = None) -> Callable[[F], F]:
    """Return a decorator for functions that need a package.

    Args:
        dep: The package, such as ``'albumentations>=0.3.2'``.
        install: How it is installed, if not by ``pip install``.
    """

    def wrap(func: F) -> F:
        @wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not satisfy_requirement(dep):
                raise OptionalDependencyError(
                    f"{func.__qualname__} needs {dep}, which is not installed",
                    hint=f"Install it: {install or f'pip install {dep!r}'}",
                )
            return func(*args, **kwargs)

        return call  # type: ignore[return-value]

    return wrap
