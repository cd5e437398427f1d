"""The hooks of a run, in the order in which they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.engine.hooks.priority import Priority, get_priority
from mmpretrain.errors import ArgumentError, located
from mmpretrain.registry import HOOKS, locate
from mmpretrain.utils.brief import brief

#: The hooks that every run has, by the names under which ``default_hooks`` changes them.
DEFAULT_HOOKS: dict[str, dict[str, Any]] = {
    "runtime_info": {"type": "RuntimeInfoHook"},
    "invalid_loss": {"type": "InvalidLossHook"},
    "timer": {"type": "IterTimerHook"},
    "sampler_seed": {"type": "DistSamplerSeedHook"},
    "logger": {"type": "LoggerHook"},
    "param_scheduler": {"type": "ParamSchedulerHook"},
    "checkpoint": {"type": "CheckpointHook", "interval": 1},
}


class HookList(list[Hook]):
    """A list of hooks, sorted by priority; those of equal priority stay in the order of registration."""

    def __init__(self) -> None:
        super().__init__()
        self._callers: dict[str, list[Callable[..., None]]] = {}
        self._size = 0

    def register(self, hook: Hook | dict, priority: str | int | Priority | None = None) -> None:
        """Add a hook or its config; a ``priority`` in the config, or given here, replaces its own."""
        where = None
        if isinstance(hook, dict):
            where = locate(hook, "priority")
            hook = hook.copy()
            priority = hook.pop("priority", priority)
        built = HOOKS.build(hook)
        if not isinstance(built, Hook):
            raise ArgumentError(f"A hook must extend Hook, got {brief(hook)}", where=locate(hook))
        if priority is not None:
            built.priority = priority
        with located(where):
            number = get_priority(built.priority)
        place = next((i for i, other in enumerate(self) if get_priority(other.priority) > number), len(self))
        self.insert(place, built)

    def callers(self, point: str) -> list[Callable[..., None]]:
        """Return the methods of all hooks that do something at a point."""
        if self._size != len(self):  # changed by hand, or registered since
            self._callers.clear()
            self._size = len(self)
        found = self._callers.get(point)
        if found is None:
            found = self._callers[point] = [getattr(hook, point) for hook in self if _acts(hook, point)]
        return found

    def close(self) -> None:
        """Let hooks that hold something open let go of it."""
        for hook in self:
            close = getattr(hook, "close", None)
            if close is not None:
                close()

    def describe(self) -> str:
        """Return which hooks run at each point, in order."""
        return "\n".join(self._stages())

    def _stages(self) -> Iterator[str]:
        for stage in Hook.stages:
            names = [
                f"({_label(hook.priority):<12}) {type(hook).__name__}" for hook in self if hook.acts_at(stage)
            ]
            if names:
                yield "\n".join([f"{stage}:", *names, " -------------------- "])


def _acts(hook: Hook, point: str) -> bool:
    """Whether a hook does something at a point: by its class, by an attribute, or at a point of its own."""
    return hook.acts_at(point) or point in vars(hook) or (point not in Hook.stages and hasattr(hook, point))


def _label(priority: int | str | Priority) -> str:
    number = get_priority(priority)
    return Priority(number).name if number in list(Priority) else str(number)
