"""Strategies and wrappers of 1.x that rest on other training libraries; asking for one says what to use."""

from __future__ import annotations

from typing import Any

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODEL_WRAPPERS, STRATEGIES, Registry

_FSDP = "Use strategy=dict(type='FSDPStrategy')."

#: Registry -> names in configs.
UNSUPPORTED: tuple[tuple[Registry, tuple[str, ...]], ...] = (
    (STRATEGIES, ("ColossalAIStrategy", "DeepSpeedStrategy")),
    (
        MODEL_WRAPPERS,
        (
            "CollosalAIModelWrapper",  # as 1.x spelt it, too
            "ColossalAIModelWrapper",
            "MMDeepSpeedEngineWrapper",
            "MMFullyShardedDataParallel",
        ),
    ),
)


def _refusal(name: str) -> type:
    def __init__(self: object, *args: Any, **kwargs: Any) -> None:
        raise ConfigError(f"{name} is not part of mmpretrain 2.x", hint=_FSDP)

    return type(name, (), {"__init__": __init__, "__module__": __name__})


for _registry, _names in UNSUPPORTED:
    for _name in _names:
        _registry.register_module(module=_refusal(_name))
