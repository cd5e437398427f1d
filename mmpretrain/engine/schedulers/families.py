"""The schedulers that configs name: a curve bound to the setting that follows it.

=============  ================================================================================
``XLR``        the learning rate
``XMomentum``  the momentum; for Adam and its kin, the first of the betas
=============  ================================================================================
"""

from __future__ import annotations

import inspect
from typing import Any

from mmpretrain.engine.schedulers import one_cycle, plateau, shapes
from mmpretrain.engine.schedulers.base import HasParamGroups, ParamScheduler
from mmpretrain.errors import ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS


class LRSchedulerMixin:
    """Binds a curve to the learning rate."""

    def __init__(self, optimizer: HasParamGroups, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, "lr", *args, **kwargs)  # type: ignore[call-arg]


class WeightDecaySchedulerMixin:
    """Binds a curve to the weight decay."""

    def __init__(self, optimizer: HasParamGroups, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, "weight_decay", *args, **kwargs)  # type: ignore[call-arg]


class MomentumSchedulerMixin:
    """Binds a curve to the momentum, whatever the optimizer calls it."""

    def __init__(self, optimizer: HasParamGroups, *args: Any, **kwargs: Any) -> None:
        self.use_betas = "momentum" not in optimizer.defaults
        if self.use_betas:
            if "betas" not in optimizer.defaults:
                raise ConfigError(f"{type(self).__name__} needs an optimizer with momentum or betas")
            for group in optimizer.param_groups:
                group["momentum"] = group["betas"][0]
        super().__init__(optimizer, "momentum", *args, **kwargs)  # type: ignore[call-arg]

    def step(self, *args: Any) -> None:
        """Continue by one step, and keep the betas in line."""
        super().step(*args)  # type: ignore[misc]
        if self.use_betas:
            for group in self.optimizer.param_groups:  # type: ignore[attr-defined]
                group["betas"] = (group["momentum"], *group["betas"][1:])


def bind(mixin: type, shape: type[ParamScheduler], name: str) -> type[ParamScheduler]:
    """Make and register the class of a curve and the setting that follows it."""

    def __init__(self: Any, optimizer: HasParamGroups, *args: Any, **kwargs: Any) -> None:
        mixin.__init__(self, optimizer, *args, **kwargs)  # type: ignore[call-arg]

    signature = inspect.signature(shape.__init__)
    parameters = [item for key, item in signature.parameters.items() if key != "param_name"]
    __init__.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    namespace = {"__init__": __init__, "__doc__": shape.__doc__, "__module__": __name__}
    return PARAM_SCHEDULERS.register_module(module=type(name, (mixin, shape), namespace))


_SHAPES: tuple[type[ParamScheduler], ...] = (
    shapes.ConstantParamScheduler,
    shapes.CosineAnnealingParamScheduler,
    shapes.CosineRestartParamScheduler,
    shapes.ExponentialParamScheduler,
    shapes.LinearParamScheduler,
    shapes.MultiStepParamScheduler,
    shapes.PolyParamScheduler,
    shapes.StepParamScheduler,
    plateau.ReduceOnPlateauParamScheduler,
    one_cycle.OneCycleParamScheduler,
)

for _shape in _SHAPES:
    _stem = _shape.__name__.removesuffix("ParamScheduler")
    globals()[f"{_stem}LR"] = bind(LRSchedulerMixin, _shape, f"{_stem}LR")
    if _shape is not one_cycle.OneCycleParamScheduler:
        globals()[f"{_stem}Momentum"] = bind(MomentumSchedulerMixin, _shape, f"{_stem}Momentum")


class _DecayingOnly(shapes.CosineAnnealingParamScheduler):
    __doc__ = shapes.CosineAnnealingParamScheduler.__doc__

    def next_value(self, value: float, base: float) -> float:
        # Groups without weight decay (biases, norms) keep it so, also when eta_min is positive.
        return super().next_value(value, base) if base else 0


CosineAnnealingWeightDecay = bind(WeightDecaySchedulerMixin, _DecayingOnly, "CosineAnnealingWeightDecay")
