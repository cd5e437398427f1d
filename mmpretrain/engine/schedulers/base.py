"""The base of all parameter schedulers."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeVar

from mmpretrain.errors import ArgumentError, ConfigError

#: The ``end`` of a scheduler that never ends.
INF = int(1e9)

Init = TypeVar("Init", bound=Callable[..., None])
Scheduler = TypeVar("Scheduler", bound="ParamScheduler")


class HasParamGroups(Protocol):
    """What a scheduler needs of an optimizer; an optimizer wrapper has it too."""

    @property
    def param_groups(self) -> Any:
        """One dict of settings for each group of parameters."""

    @property
    def defaults(self) -> dict[str, Any]:
        """The settings of groups that do not say otherwise."""
        ...


class ParamScheduler:
    """Changes one setting of an optimizer step by step.

    A value is computed from the previous one, not from the step alone, so several schedulers can act on the
    same setting, one after the other or at the same time.

    Args:
        optimizer: The optimizer, or its wrapper.
        param_name: The setting, such as ``'lr'``.
        begin: First step at which it acts, counted in epochs or iterations.
        end: The step at which it no longer acts.
        last_step: The last step that it has made; only for resuming without a state dict.
        by_epoch: Whether a step is an epoch or an iteration.
        verbose: Log each value that is set.
    """

    #: Arguments that are numbers of steps (besides begin and end), for :meth:`build_iter_from_epoch`.
    step_arguments: ClassVar[tuple[str, ...]] = ()
    #: Whether :meth:`step` takes the metrics of a validation.
    need_val_args: ClassVar[bool] = False

    def __init__(
        self,
        optimizer: HasParamGroups,
        param_name: str,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        if not hasattr(optimizer, "param_groups"):
            raise ArgumentError(f"{type(self).__name__} needs an optimizer, got {type(optimizer).__name__}")
        if end <= begin:
            raise ConfigError(
                f"{type(self).__name__} must end after it begins, got begin={begin}, end={end}", key="end"
            )
        self.optimizer = optimizer
        self.param_name = param_name
        self.begin = begin
        self.end = end
        self.by_epoch = by_epoch
        self.verbose = verbose
        self.base_values = self._initial_values(resuming=last_step != -1)
        self.last_step = last_step
        self._global_step = -1
        self._last_value: list[float] = []
        self.step()

    @property
    def _final_step(self) -> int:
        """Number of the last step."""
        return self.end - self.begin - 1

    def _initial_values(self, *, resuming: bool) -> list[float]:
        """Return the values before any scheduler acted, which the groups themselves remember."""
        key = f"initial_{self.param_name}"
        for index, group in enumerate(self.optimizer.param_groups):
            if resuming and key not in group:
                raise KeyError(f"param_groups[{index}] of a resumed optimizer has no {key!r}")
            if self.param_name not in group:
                raise ConfigError(
                    f"{type(self).__name__} cannot schedule {self.param_name!r}, which this optimizer lacks",
                    hint=f"It has: {', '.join(sorted(set(group) - {'params'}))}.",
                )
            group.setdefault(key, group[self.param_name])
        return [group[key] for group in self.optimizer.param_groups]

    def next_value(self, value: float, base: float) -> float:
        """Return the value for step ``last_step``, given the present one and the initial one of a group."""
        raise NotImplementedError

    def _get_value(self) -> list[float]:
        """Return the value for step ``last_step`` of each group."""
        name, next_value = self.param_name, self.next_value
        groups = self.optimizer.param_groups
        return [next_value(group[name], base) for group, base in zip(groups, self.base_values)]

    def step(self) -> None:
        """Continue by one epoch or iteration."""
        self._global_step += 1
        if self.begin <= self._global_step < self.end:
            self.last_step += 1
            self._set_values(self._get_value())
        name = self.param_name
        self._last_value = [group[name] for group in self.optimizer.param_groups]

    def _set_values(self, values: list[float]) -> None:
        name = self.param_name
        for group, value in zip(self.optimizer.param_groups, values):
            group[name] = value
        if self.verbose:
            for index, value in enumerate(values):
                logging.getLogger("mmpretrain").info(f"{name} of group {index} is now {value:.4e}")

    def get_last_value(self) -> list[float]:
        """Return the value of each group after the last step."""
        return self._last_value

    def state_dict(self) -> dict[str, Any]:
        """Return all that it knows, apart from the optimizer."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned; entries that it has no use for are left out."""
        vars(self).update((key, value) for key, value in state_dict.items() if key in vars(self))

    @classmethod
    def build_iter_from_epoch(
        cls: type[Scheduler],
        *args: Any,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: Any,
    ) -> Scheduler:
        """Build one that acts at each iteration from arguments that count epochs.

        Args:
            *args: Passed on.
            begin: First epoch at which it acts.
            end: The epoch at which it no longer acts.
            by_epoch: Must be true.
            epoch_length: Number of iterations in an epoch.
            **kwargs: Passed on; those in :attr:`step_arguments` are counted in epochs.
        """
        if not by_epoch:
            raise ConfigError(
                f"convert_to_iter_based makes an epoch-based {cls.__name__} act at each iteration, "
                "but this one has by_epoch=False",
                hint="Remove one of the two.",
                key="by_epoch",
            )
        if not epoch_length or epoch_length < 0:
            raise ConfigError(
                f"epoch_length must be a positive number of iterations, got {epoch_length}",
                key="epoch_length",
            )
        for name in cls.step_arguments:
            epochs = kwargs.get(name)
            if isinstance(epochs, (list, tuple)):
                kwargs[name] = [item * epoch_length for item in epochs]
            elif epochs is not None:
                kwargs[name] = epochs * epoch_length
        begin = int(begin * epoch_length)
        end = end if end == INF else int(end * epoch_length)
        return cls(*args, begin=begin, end=end, by_epoch=False, **kwargs)


#: The name under which MMEngine exported it.
_ParamScheduler = ParamScheduler


def takes_window(init: Init) -> Init:
    """Show the arguments that a scheduler passes on to the base as ``**window`` in its signature."""
    own = inspect.signature(init, eval_str=True).parameters.values()
    kept = [parameter for parameter in own if parameter.kind is not parameter.VAR_KEYWORD]
    names = {parameter.name for parameter in kept}
    inherited = inspect.signature(ParamScheduler.__init__, eval_str=True).parameters.values()
    kept += [parameter for parameter in inherited if parameter.name not in names]
    init.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
    return init
