"""Wrappers of 1.x whose library has been overtaken by torch itself."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer

from mmpretrain.engine.optimizers.amp import AmpOptimWrapper
from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class DeepSpeedOptimWrapper(AmpOptimWrapper):
    """Mixed precision in float16, which is what configs for DeepSpeed ask for.

    DeepSpeed's sharding of the optimizer is that of FSDP here: see ``strategy`` of the runner.

    Args:
        optimizer: The optimizer.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        super().__init__(optimizer=optimizer)


#: Name in configs -> the wrapper to use instead.
REPLACED = {"ApexOptimWrapper": "AmpOptimWrapper", "ColossalAIOptimWrapper": "AmpOptimWrapper"}


def _refusal(name: str) -> type[OptimWrapper]:
    def __init__(self: OptimWrapper, *args: Any, **kwargs: Any) -> None:
        raise ConfigError(f"{name} is not part of mmpretrain 2.x", hint=f"Use type='{REPLACED[name]}'.")

    return type(name, (OptimWrapper,), {"__init__": __init__, "__module__": __name__})


for _name in REPLACED:
    OPTIM_WRAPPERS.register_module(module=_refusal(_name))
