"""Names that MMEngine and MMCV gave to classes of torch."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.hub import load_state_dict_from_url as load_url
from torch.nn import (
    GELU,
    Conv2d,
    Conv3d,
    ConvTranspose2d,
    ConvTranspose3d,
    Linear,
    MaxPool2d,
    MaxPool3d,
    SyncBatchNorm,
)
from torch.nn import Hardswish as HSwish
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.modules.pooling import _AdaptiveAvgPoolNd, _AdaptiveMaxPoolNd, _AvgPoolNd, _MaxPoolNd
from torch.utils.cpp_extension import BuildExtension, CppExtension, CUDAExtension
from torch.utils.data import DataLoader

_ConvTransposeMixin = _ConvTransposeNd

__all__ = [
    "GELU",
    "BuildExtension",
    "CUDAExtension",
    "Conv2d",
    "Conv3d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CppExtension",
    "DataLoader",
    "HSwish",
    "Linear",
    "MaxPool2d",
    "MaxPool3d",
    "SyncBatchNorm",
    "_AdaptiveAvgPoolNd",
    "_AdaptiveMaxPoolNd",
    "_AvgPoolNd",
    "_BatchNorm",
    "_ConvNd",
    "_ConvTransposeMixin",
    "_InstanceNorm",
    "_MaxPoolNd",
    "autocast",
    "get_ori_model",
    "img_from_canvas",
    "load_json_log",
    "load_url",
    "track_on_main_process",
]


def autocast(
    device_type: str | None = None,
    dtype: torch.dtype | None = None,
    enabled: bool = True,
    cache_enabled: bool | None = None,
) -> torch.autocast:
    """Return a context that runs in mixed precision, on a GPU if there is one.

    Args:
        device_type: ``'cuda'`` or ``'cpu'``.
        dtype: The smaller type: float16 on a GPU and bfloat16 elsewhere by default.
        enabled: Whether to do it at all.
        cache_enabled: Whether converted weights are kept.
    """
    kind = device_type or ("cuda" if torch.cuda.is_available() else "cpu")
    return torch.autocast(kind, dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


def img_from_canvas(canvas: Any) -> np.ndarray:
    """Return what a canvas of matplotlib shows, as RGB (H, W, 3)."""
    buffer, (width, height) = canvas.print_to_buffer()
    return np.frombuffer(buffer, dtype=np.uint8).reshape(height, width, 4)[..., :3]


def get_ori_model(model: nn.Module) -> nn.Module:
    """Return the model inside a wrapper."""
    inner = getattr(model, "module", None)
    return inner if isinstance(inner, nn.Module) else model


def load_json_log(json_log: str) -> dict[int, dict[str, list[Any]]]:
    """Read a JSON log as epoch -> name -> values."""
    epochs: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    with Path(json_log).open(encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line) if line.strip() else {}
            for key, value in entry.items() if "epoch" in entry else ():
                if key != "epoch":
                    epochs[entry["epoch"]][key].append(value)
    return {epoch: dict(values) for epoch, values in epochs.items()}


def track_on_main_process(
    sequence: Iterable[Any], description: str = "", *args: Any, **kwargs: Any
) -> Iterator[Any]:
    """Iterate with a progress bar, which only the first process shows."""
    from mmpretrain.utils.dist import is_main_process
    from mmpretrain.utils.progress import track

    yield from track(sequence, description) if is_main_process() else sequence
