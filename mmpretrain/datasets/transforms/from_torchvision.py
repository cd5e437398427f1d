"""Transforms of torchvision, by names like ``'torchvision/RandomCrop'``; torchvision is not required."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.utils.optional import optional_import


def __getattr__(name: str) -> Callable[..., Any]:
    """Find a class of ``torchvision.transforms``; the registry asks for it."""
    if name.startswith("_"):
        raise AttributeError(name)
    target = getattr(optional_import("torchvision.transforms", feature=f"torchvision/{name}"), name)
    build: Any = functools.partial(TorchvisionTransform, target)
    build.__name__, build.__signature__ = f"torchvision/{name}", inspect.signature(target)
    return build


class TorchvisionTransform(BaseTransform):
    """Apply a transform of torchvision to ``img``.

    Args:
        transform: Its class.
        *args: Its arguments.
        **kwargs: Its arguments; ``interpolation`` and ``dtype`` may be names.
    """

    def __init__(self, transform: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if isinstance(kwargs.get("interpolation"), str):
            modes = optional_import("torchvision.transforms", feature="torchvision/...").InterpolationMode
            kwargs["interpolation"] = modes(kwargs["interpolation"].lower())
        if isinstance(kwargs.get("dtype"), str):
            kwargs["dtype"] = getattr(torch, kwargs["dtype"])
        self.t = transform(*args, **kwargs)

    def transform(self, results: dict) -> dict:
        results["img"] = self.t(results["img"])
        return results

    def __repr__(self) -> str:
        return f"TorchVision{self.t!r}"
