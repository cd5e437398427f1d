"""Transforms: ``__call__`` in 0.x, ``transform`` in 1.x."""

from __future__ import annotations

from mmpretrain.compat.protocols.usage import is_used
from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.errors import ConfigError


def adapt(cls: type) -> None:
    """Make sure that the methods that a class defines are called.

    Raises:
        ConfigError: If it has a ``transform`` that its own ``__call__`` leaves out, or no ``__call__``.
    """
    if "transform" not in vars(cls):
        return
    call = _call_of(cls)
    if call is None:
        raise ConfigError(
            f"{cls.__name__}.transform would never be called: the class has no __call__",
            hint=f"Derive it: class {cls.__name__}(BaseTransform).",
            key="transform",
        )
    if call is not _call_of(BaseTransform) and not is_used(cls, "transform"):
        raise ConfigError(
            f"{cls.__name__}.transform would never be called: its __call__ does something else",
            hint="Keep one of the two.",
            key="transform",
        )


def _call_of(cls: type) -> object:
    """Return what calls an object of a class, or None."""
    return next((vars(owner)["__call__"] for owner in cls.__mro__ if "__call__" in vars(owner)), None)
