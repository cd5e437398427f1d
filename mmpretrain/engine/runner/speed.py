"""Switches that trade something for speed or memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from mmpretrain.errors import ConfigError
from mmpretrain.registry import check_arguments
from mmpretrain.utils.brief import brief
from mmpretrain.utils.logging import get_logger
from mmpretrain.utils.suggest import did_you_mean


def compile_model(model: nn.Module, cfg: bool | dict[str, Any] | None) -> None:
    """Compile where it helps, in place, so that names of parameters stay as they are.

    Args:
        model: The model, not wrapped.
        cfg: True, or options of :func:`torch.compile` and ``target``: name of a module of the model
            (``'backbone'``, the default if there is one), or ``'train_step'`` for all of a training step.
    """
    if not cfg:
        return
    options = dict(cfg) if isinstance(cfg, dict) else {}
    target = options.pop("target", "backbone" if hasattr(model, "backbone") else "")
    check_arguments(torch.compile, options, cfg=cfg, label="compile")
    if options.get("backend", "inductor") == "inductor":
        _require_compiler()
    if target == "train_step":
        model.train_step = torch.compile(model.train_step, **options)  # type: ignore[assignment]
    else:
        _find(model, target).compile(**options)
    get_logger().info(f"{target or 'The model'} is compiled: the first iterations will be slow.")


def _require_compiler() -> None:
    """Complain at once if there is no C++ compiler, and not in the first iteration."""
    from torch._inductor.cpp_builder import get_cpp_compiler

    try:
        get_cpp_compiler()
    except RuntimeError as error:
        raise ConfigError(
            "compile needs a C++ compiler, and there is none",
            hint="Install g++, name one in the environment variable CXX, or set compile=False.",
        ) from error


def checkpoint_activations(model: nn.Module, cfg: str | Sequence[str] | dict[str, Any] | None) -> None:
    """Forget activations of some modules in the forward pass and compute them again in the backward pass.

    Args:
        model: The model, not wrapped.
        cfg: Names of modules (``['backbone.layers']``: a list of blocks counts as its blocks), or a single
            name, or ``dict(modules=...)``.
    """
    names = cfg.get("modules", ()) if isinstance(cfg, dict) else cfg or ()
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, Sequence):
        raise ConfigError(
            f"activation_checkpointing names modules, got {cfg!r}", hint="For example ['backbone.layers']."
        )
    for name in names:
        module = _find(model, name)
        blocks = list(module) if isinstance(module, (nn.ModuleList, nn.Sequential)) else [module]
        for block in blocks:
            block.forward = partial(checkpoint, block.forward, use_reentrant=False)


def _find(model: nn.Module, name: str) -> nn.Module:
    modules = dict(model.named_modules())
    if not isinstance(name, str) or name not in modules:
        raise ConfigError(f"The model has no module {brief(name)}", hint=did_you_mean(str(name), modules))
    return modules[name]
