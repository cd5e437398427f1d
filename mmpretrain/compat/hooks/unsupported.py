"""Hooks of 1.x for hardware and searches that torch itself does not know."""

from __future__ import annotations

from typing import Any

from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS

#: Name in configs -> why it is not here, and what to do.
UNSUPPORTED = {
    "NPUProfilerHook": ("profiles Ascend NPUs only", "Use ProfilerHook, which runs torch.profiler."),
    "RFSearchHook": ("searches dilation rates of segmentation models", "Remove it from custom_hooks."),
}


def _refusal(name: str) -> type[Hook]:
    reason, hint = UNSUPPORTED[name]

    def __init__(self: Hook, *args: Any, **kwargs: Any) -> None:
        raise ConfigError(f"{name} {reason} and is not part of mmpretrain 2.x", hint=hint)

    return type(name, (Hook,), {"__init__": __init__, "__module__": __name__})


for _name in UNSUPPORTED:
    HOOKS.register_module(module=_refusal(_name))
