"""Building an optimizer with its wrapper from ``optim_wrapper`` in a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.engine.optimizers.wrapper_dict import OptimWrapperDict
from mmpretrain.errors import ArgumentError, ConfigError, located
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS, locate


def build_optim_wrapper(model: nn.Module, cfg: Any) -> OptimWrapper:
    """Build the optimizer of a model, with its wrapper.

    Args:
        model: The model.
        cfg: A dict with ``optimizer``, and optionally ``type`` of the wrapper and its arguments,
            ``paramwise_cfg`` and ``constructor``; or a wrapper; or a dict of wrappers by name.

    Example:
        >>> build_optim_wrapper(model, dict(
        ...     type='AmpOptimWrapper', dtype='bfloat16', clip_grad=dict(max_norm=5.0),
        ...     optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
        ...     paramwise_cfg=dict(norm_decay_mult=0.0)))
    """
    if isinstance(cfg, OptimWrapper):
        return cfg
    if not isinstance(cfg, Mapping):
        raise ArgumentError(f"optim_wrapper must be a dict or an OptimWrapper, got {type(cfg).__name__}")
    if cfg and all(isinstance(value, OptimWrapper) for value in cfg.values()):
        return OptimWrapperDict(**cfg)
    kept: Any = cfg.copy()  # type: ignore[attr-defined]
    where = locate(cfg, "constructor")
    constructor = kept.pop("constructor", "DefaultOptimWrapperConstructor")
    paramwise = kept.pop("paramwise_cfg", None)
    if not isinstance(constructor, Mapping):
        constructor = {"type": constructor}
    arguments = {"optim_wrapper_cfg": kept, "paramwise_cfg": paramwise}
    with located(where):
        return OPTIM_WRAPPER_CONSTRUCTORS.build(constructor, default_args=arguments)(model)


def scale_lr(optim_wrapper: OptimWrapper, auto_scale_lr: Mapping[str, Any] | None, batch_size: int) -> float:
    """Scale the learning rate with the batch size (the linear rule, https://arxiv.org/abs/1706.02677).

    Args:
        optim_wrapper: The wrapper, or several; schedulers must be built afterwards.
        auto_scale_lr: ``dict(enable=True, base_batch_size=...)``; without ``enable`` nothing happens.
        batch_size: Samples per iteration, over all processes.

    Returns:
        The factor.
    """
    if not auto_scale_lr or not auto_scale_lr.get("enable", False):
        return 1.0
    if "base_batch_size" not in auto_scale_lr:
        raise ConfigError(
            "auto_scale_lr needs base_batch_size, the batch size that 'lr' is meant for", key="auto_scale_lr"
        )
    factor = batch_size / auto_scale_lr["base_batch_size"]
    several = isinstance(optim_wrapper, OptimWrapperDict)
    for wrapper in optim_wrapper.values() if several else [optim_wrapper]:
        for group in wrapper.param_groups:
            group["lr"] = group["lr"] * factor
    return factor
