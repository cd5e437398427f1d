"""Layers from their configs, ``dict(type=..., **arguments)``.

The names come from :mod:`mmpretrain.models.layers.registered` and from wherever users register their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import MODELS, locate, resolve_type

Config = Mapping[str, Any]


def resolve_layer(cfg: Config) -> tuple[Any, dict[str, Any]]:
    """Return the class that a layer config names, and the other items of the config."""
    if not isinstance(cfg, Mapping):
        raise TypeError(f"A layer config must be a dict with a 'type', got {cfg!r}")
    args = dict(cfg)
    if "type" not in args:
        raise ConfigError(f"A layer config needs the key 'type', got only {sorted(args)}")
    return resolve_type(args.pop("type"), MODELS, where=locate(cfg, "type")), args


def build_conv_layer(cfg: Config | None, *args: Any, **kwargs: Any) -> nn.Module:
    """Build a convolution from its config and arguments; None stands for ``nn.Conv2d``."""
    layer, extra = resolve_layer(cfg or {"type": nn.Conv2d})
    return layer(*args, **kwargs, **extra)


def build_norm_layer(cfg: Config, num_features: int, postfix: int | str = "") -> tuple[str, nn.Module]:
    """Build a normalisation layer together with the attribute name that state dicts expect for it.

    Args:
        cfg: Its config; ``requires_grad=False`` freezes it, and ``eps`` is 1e-5 unless given.
        num_features: Number of channels.
        postfix: Appended to the name.

    Returns:
        A name such as ``'bn1'``, and the layer.
    """
    return f"{norm_abbr(resolve_layer(cfg)[0])}{postfix}", make_norm(cfg, num_features)


def make_norm(cfg: Config, num_features: int) -> nn.Module:
    """Build a normalisation layer as :func:`build_norm_layer` does, without its name."""
    layer, args = resolve_layer(cfg)
    requires_grad = args.pop("requires_grad", True)
    args.setdefault("eps", 1e-5)
    if layer is nn.GroupNorm:
        norm = layer(num_channels=num_features, **args)
    else:
        norm = layer(num_features, **args)
    for parameter in norm.parameters():
        parameter.requires_grad = requires_grad
    return norm


def build_activation_layer(cfg: Config) -> nn.Module:
    """Build an activation."""
    return MODELS.build(cfg)


def build_padding_layer(cfg: Config, *args: Any, **kwargs: Any) -> nn.Module:
    """Build ``'zero'``, ``'reflect'`` or ``'replicate'`` padding."""
    layer, extra = resolve_layer(cfg)
    return layer(*args, **kwargs, **extra)


def build_upsample_layer(cfg: Config, *args: Any, **kwargs: Any) -> nn.Module:
    """Build ``'nearest'`` or ``'bilinear'`` interpolation, ``'deconv'`` or ``'pixel_shuffle'``."""
    layer, extra = resolve_layer(cfg)
    if layer is nn.Upsample:
        extra["mode"] = cfg["type"]
    return layer(*args, **kwargs, **extra)


def build_plugin_layer(cfg: Config, postfix: int | str = "", **kwargs: Any) -> tuple[str, nn.Module]:
    """Build a layer that is plugged into a block, with an attribute name made from its class name."""
    layer, extra = resolve_layer(cfg)
    name = getattr(layer, "_abbr_", None) or _snake_case(layer.__name__)
    return f"{name}{postfix}", layer(**kwargs, **extra)


def per_layer(cfgs: Config | Sequence[Config], num: int) -> list[dict[str, Any]]:
    """One dict for each of ``num`` layers, from a dict for all or a sequence of dicts."""
    if isinstance(cfgs, Mapping):
        return [dict(cfgs) for _ in range(num)]
    if len(cfgs) != num:
        raise ArgumentError(f"Expected a dict, or {num} dicts (one a layer), got {len(cfgs)}")
    return [dict(cfg) for cfg in cfgs]


def is_norm(layer: nn.Module, exclude: type | tuple[type, ...] | None = None) -> bool:
    """Whether a module is a batch, instance, group or layer norm, and is none of ``exclude``."""
    if exclude is not None and isinstance(layer, exclude):
        return False
    return isinstance(layer, (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm))


#: The first class, or else the first word in the class name, that fits a norm gives its name.
_NORM_ABBRS: dict[str, tuple[type, str]] = {
    "in": (_InstanceNorm, "instance"),
    "bn": (_BatchNorm, "batch"),
    "gn": (nn.GroupNorm, "group"),
    "ln": (nn.LayerNorm, "layer"),
}


def norm_abbr(layer: type) -> str:
    """Return ``'bn'`` for a batch norm and so on; a class may choose its own through ``_abbr_``."""
    if hasattr(layer, "_abbr_"):
        return layer._abbr_  # type: ignore[attr-defined]
    by_class = (abbr for abbr, (base, _) in _NORM_ABBRS.items() if issubclass(layer, base))
    by_name = (abbr for abbr, (_, word) in _NORM_ABBRS.items() if word in layer.__name__.lower())
    return next(by_class, None) or next(by_name, "norm_layer")


def _snake_case(name: str) -> str:
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", name).replace("-", "_").lower()
