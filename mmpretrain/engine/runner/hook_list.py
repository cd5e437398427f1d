"""The hooks of a run, in the order in which they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.engine.hooks.priority import Priority, get_priority
from mmpretrain.errors import ArgumentError, located
from mmpretrain.registry import HOOKS, locate
from mmpretrain.utils.brief import brief

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

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

#: What hooks are told before and after a step.
_BEFORE_STEP = {"batch_idx", "data_batch"}
_AFTER_STEP = {*_BEFORE_STEP, "outputs"}


class HookList(list[Any]):
    """A list of hooks, sorted by priority; those of equal priority stay in the order of registration.

    A hook is a :class:`.Hook`, or any object that has methods of the names of its points.
    """

    def __init__(self) -> None:
        super().__init__()
        self._callers: dict[str, list[Callable[..., None]]] = {}
        self._size = 0

    def register(self, hook: Any, priority: str | int | Priority | None = None) -> None:
        """Add a hook or its config; a ``priority`` in the config, or given here, replaces its own."""
        where = None
        if isinstance(hook, dict):
            where = locate(hook, "priority")
            hook = hook.copy()
            priority = hook.pop("priority", priority)
        built = HOOKS.build(hook)
        if not any(callable(getattr(built, point, None)) for point in Hook.stages):
            raise ArgumentError(
                f"{brief(hook)} is no hook: it has no method for any point of a run",
                where=locate(hook),
                hint=f"Points are {', '.join(Hook.stages[:6])} and so on.",
            )
        if priority is not None:
            built.priority = priority
        with located(where):
            number = _number(built)
        place = next((i for i, other in enumerate(self) if _number(other) > number), len(self))
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

    def call(self, point: str, runner: Session, arguments: dict[str, Any]) -> None:
        """Call all hooks that do something at a point."""
        functions = self.callers(point)
        names = arguments.keys()
        if names == _BEFORE_STEP:  # arguments that are spelled out take a quarter of the time of **arguments
            batch_idx, data_batch = arguments["batch_idx"], arguments["data_batch"]
            for function in functions:
                function(runner, batch_idx=batch_idx, data_batch=data_batch)
        elif names == _AFTER_STEP:
            batch_idx, data_batch, outputs = (
                arguments["batch_idx"],
                arguments["data_batch"],
                arguments["outputs"],
            )
            for function in functions:
                function(runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs)
        else:
            for function in functions:
                function(runner, **arguments)

    def close(self) -> None:
        """Let hooks release what they hold open."""
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
                f"({_label(_number(hook)):<12}) {type(hook).__name__}" for hook in self if _acts(hook, stage)
            ]
            if names:
                yield "\n".join([f"{stage}:", *names, " -------------------- "])


def _acts(hook: Any, point: str) -> bool:
    """Whether a hook does something at a point: by its class, by an attribute, or at a point of its own."""
    if not isinstance(hook, Hook):
        return callable(getattr(hook, point, None))
    return hook.acts_at(point) or point in vars(hook)


def _number(hook: Any) -> int:
    return get_priority(getattr(hook, "priority", Hook.priority))


def _label(number: int) -> str:
    return Priority(number).name if number in list(Priority) else str(number)
