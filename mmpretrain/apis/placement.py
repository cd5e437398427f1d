"""Where a model lies: on one device, or spread over several and on disk."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import nn

from mmpretrain.errors import ConfigError, OptionalDependencyError
from mmpretrain.utils.env import find_device

M = TypeVar("M", bound=nn.Module)

#: Ways to spread a model whose devices are chosen by themselves.
WAYS = ("auto", "balanced", "balanced_low_0", "sequential")


def place(
    model: M,
    device: str | torch.device | None,
    device_map: str | Mapping[str, Any] | None = None,
    offload_folder: str | os.PathLike[str] | None = None,
) -> M:
    """Put a model where it is to run.

    Args:
        model: The model.
        device: A device, if the model is to lie on one; by default an accelerator if there is one.
        device_map: How to spread it: one of :data:`WAYS`, or a dict from names of modules to a device, the
            number of an accelerator, ``'cpu'`` or ``'disk'``.
        offload_folder: Where the weights of modules on ``'disk'`` are kept.

    Raises:
        ConfigError: If the map is not one.
        OptionalDependencyError: If accelerate, which spreads models, is not installed.
    """
    if device_map is None:
        if offload_folder is not None:
            raise ConfigError(
                "offload_folder keeps parts of a model that device_map puts on disk, and there is none",
                hint="Add device_map='auto'.",
                key="offload_folder",
            )
        return model.to(find_device(device))
    if not isinstance(device_map, Mapping) and device_map not in WAYS:
        raise ConfigError(
            f"device_map is one of {', '.join(WAYS)} or a dict from modules to devices, got {device_map!r}",
            key="device_map",
        )
    accelerate = _accelerate()
    if isinstance(device_map, Mapping):
        places = dict(device_map)
    else:
        low_zero = device_map == "balanced_low_0"
        room = None if device_map == "sequential" else _room(accelerate, model, low_zero)
        whole = _whole(model)
        places = accelerate.infer_auto_device_map(model, max_memory=room, no_split_module_classes=whole)
    if "disk" in places.values() and offload_folder is None:
        raise ConfigError(
            "device_map puts parts of the model on disk", hint="Give offload_folder='DIR'.", key="device_map"
        )
    folder = None if offload_folder is None else os.fspath(offload_folder)
    return accelerate.dispatch_model(model, device_map=places, offload_dir=folder)


def _accelerate() -> Any:
    try:
        return importlib.import_module("accelerate")
    except ImportError as error:
        raise OptionalDependencyError(
            "device_map needs the package accelerate, which is not installed",
            hint="pip install 'mmpretrain[spread]', or name one device: device='cuda:0'.",
        ) from error


def _room(accelerate: Any, model: nn.Module, low_zero: bool) -> Any:
    return accelerate.utils.get_balanced_memory(
        model, no_split_module_classes=_whole(model), low_zero=low_zero
    )


def _whole(model: nn.Module) -> list[str]:
    """Classes of blocks that stay in one place, as their inputs are added to their outputs."""
    blocks = (
        type(block).__name__
        for parent in model.modules()
        if isinstance(parent, (nn.ModuleList, nn.Sequential))
        for block in parent
        if any(True for _ in block.children())
    )
    return sorted(set(blocks))
