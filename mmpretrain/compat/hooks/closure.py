"""A hook made of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class ClosureHook(Hook):
    """Calls a function at one point of a run.

    Args:
        fn_name: The point, such as ``'after_train_epoch'``.
        fn: Called with what hooks are called with at that point, the runner first.
    """

    def __init__(self, fn_name: str, fn: Callable[..., Any]) -> None:
        if not hasattr(Hook, fn_name) or not callable(fn):
            raise ConfigError(
                f"ClosureHook takes a point of a run and a function, got {fn_name!r} and {fn!r}",
                hint=f"Points are {', '.join(Hook.stages[:6])} and so on.",
            )
        setattr(self, fn_name, fn)
