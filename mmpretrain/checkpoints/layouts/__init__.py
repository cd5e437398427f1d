"""Translating weights of other libraries and older versions to the names used here.

:func:`convert` translates a checkpoint, :func:`fit` does so only if a model wants it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from mmpretrain.checkpoints.layouts import (
    authors,
    dinov3,
    efficientnet_pytorch,
    hybrids,
    older,
    tensorflow,
    timm,
    tokens,
    torchvision,
    transformers,
)
from mmpretrain.checkpoints.layouts.layout import Layout, Tensors
from mmpretrain.checkpoints.layouts.networks import Network, read_network
from mmpretrain.errors import ArgumentError, CheckpointError
from mmpretrain.utils.suggest import did_you_mean

#: The first one that matches is taken.
LAYOUTS: tuple[Layout, ...] = (
    *older.LAYOUTS, *dinov3.LAYOUTS, *authors.LAYOUTS, *tokens.LAYOUTS, *transformers.LAYOUTS, *timm.LAYOUTS,
    *torchvision.LAYOUTS, *hybrids.LAYOUTS, *efficientnet_pytorch.LAYOUTS, *tensorflow.LAYOUTS,
)  # fmt: skip

#: Other names of sources and families.
ALIASES = {
    "clip": "openai-clip", "dino": "vit", "deit": "vit", "deit3": "vit", "mlp-mixer": "mlp_mixer",
    "mobilenet-v2": "mobilenet_v2", "mobilenet-v3": "mobilenet_v3", "shufflenet-v2": "shufflenet_v2",
    "swinv2": "swin_v2", "resnetd": "resnet_d",
}  # fmt: skip

#: The layout of a backbone that was saved on its own.
BARE = Layout("mmpretrain", "backbone alone", marks=(), rules=())

#: Where files keep the weights, and how often-seen wrappers prefix their keys.
CONTAINERS = (
    "state_dict",
    "model",
    "model_state_dict",
    "model_state",
    "teacher",
    "state_dict_ema",
    "module",
    "student",
)
WRAPPERS = ("", "module.", "backbone.", "module.backbone.", "model.", "_orig_mod.", "teacher.backbone.")

#: The last layers of classifiers have one of these names.
HEADS = ("head.fc.", "head.layers.head.")

#: Tokens of some Vision Transformers.
REGISTERS = re.compile(r"^(backbone\.)?register_tokens$")

#: From this share of fitting tensors on, weights are taken as they are.
FITS_ALREADY = 0.9


class Conversion(NamedTuple):
    """Converted weights, and the layout that they had."""

    weights: Tensors
    layout: Layout


def weights_of(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """Find the tensors in the content of a checkpoint file."""
    for name in CONTAINERS:
        inner = content.get(name)
        if isinstance(inner, Mapping) and (tensors := _tensors(inner)):
            return tensors
    return _tensors(content)


def _tensors(content: Mapping[str, Any]) -> dict[str, Tensor]:
    return {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}


def sources() -> list[str]:
    """Names that ``source`` of :func:`convert` may have."""
    names = {name for layout in LAYOUTS for name in (layout.source, layout.family, layout.name)}
    return sorted(names | set(ALIASES))


def recognise(weights: Mapping[str, Tensor], source: str = "auto") -> tuple[Layout, Tensors] | None:
    """Find the layout of weights, and take the prefix of a wrapper off their keys.

    Args:
        weights: Key -> tensor.
        source: A source, a family, or both as ``'timm/vit'``; any by default.
    """
    chosen = ALIASES.get(source, source)
    layouts = [x for x in LAYOUTS if chosen in ("auto", x.source, x.family, x.name)]
    if not layouts:
        raise ArgumentError(
            f"There is no layout {source!r}",
            hint=did_you_mean(source, sources()) or f"Choose auto or one of {', '.join(sources())}.",
        )
    for prefix in WRAPPERS:
        inner = _below(prefix, weights)
        for layout in layouts:
            if layout.matches(inner):
                return layout, inner
    return None


def convert(weights: Mapping[str, Tensor], source: str = "auto") -> Conversion:
    """Translate weights.

    Raises:
        CheckpointError: If their layout is not known.
    """
    found = recognise(weights, source)
    if found is None:
        example = next(iter(weights), "nothing")
        raise CheckpointError(
            f"These weights are in no known layout{'' if source == 'auto' else f' of {source}'} "
            f"(they have e.g. {example!r})",
            hint="Weights of mmpretrain 1.x need no conversion. docs/checkpoints.md lists the layouts.",
        )
    layout, inner = found
    return Conversion(layout.convert(inner), layout)


def network_of(weights: Mapping[str, Tensor]) -> Network | None:
    """Return the backbone that weights in any layout are for; None if they do not tell."""
    found = recognise(weights)
    network = read_network(weights if found is None else found[0].convert(found[1]))
    if network is not None and network.backbone.get("pre_norm"):
        # A model of CLIP: those of its authors have QuickGELU, those of others may have GELU.
        return network if found is not None and found[0].source == "openai-clip" else None
    return network


def check_registers(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Refuse translated weights with registers for a model that would compute something else without them.

    Raises:
        CheckpointError: If the model has none.
    """
    theirs = next((value for key, value in weights.items() if REGISTERS.search(key)), None)
    if theirs is None or theirs.numel() == 0 or any(map(REGISTERS.search, wanted)):
        return
    network = read_network(weights)
    if network is None or network.backbone["type"] == "VisionTransformer":
        raise CheckpointError(
            f"These weights have {theirs.shape[1]} registers, which the model does not have",
            hint=f"Set num_registers={theirs.shape[1]} in the VisionTransformer of the config.",
        )
    raise CheckpointError(
        "These are weights of DINOv3, whose rotary positions and registers the model does not have",
        hint=f"Take type='DINOv3ViT', arch={network.backbone['arch']} as the backbone; with mmpretrain "
        "pretrain continued, leave out --arch.",
    )


def fit(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Conversion | None:
    """Translate weights if more of them fit a model then.

    Args:
        weights: Key -> tensor.
        wanted: The tensors of the model, a classifier or a backbone.

    Returns:
        The translated weights; None where they fit as they are, or cannot be translated.

    Raises:
        CheckpointError: If the model lacks parts that the weights need.
    """
    direct = len(weights.keys() & wanted.keys())
    if direct >= FITS_ALREADY * len(wanted):
        return None
    found = recognise(weights) or ((BARE, dict(weights)) if _is_bare(weights, wanted) else None)
    if found is None:
        return None
    layout, inner = found
    converted = layout.convert(inner)
    check_registers(converted, wanted)
    if not any(key.startswith("backbone.") for key in wanted):
        converted = {
            k.removeprefix("backbone."): v for k, v in converted.items() if k.startswith("backbone.")
        }
    converted = {_known_head(key, wanted): value for key, value in converted.items()}
    if len(converted.keys() & wanted.keys()) <= direct:
        return None
    return Conversion({key: _same_shape(value, wanted.get(key)) for key, value in converted.items()}, layout)


def _is_bare(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of the backbone of a model, saved without the rest of it."""
    names = {key.removeprefix("backbone.") for key in wanted if key.startswith("backbone.")}
    return has_nearly_all(weights, names)


def has_nearly_all(weights: Mapping[str, Tensor], names: Collection[str]) -> bool:
    """Whether weights have these names, but for a few."""
    return bool(names) and sum(name in weights for name in names) >= FITS_ALREADY * len(names)


def _below(prefix: str, weights: Mapping[str, Tensor]) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}


def _known_head(key: str, wanted: Mapping[str, Tensor]) -> str:
    for head in HEADS:
        if key.startswith(head) and key not in wanted:
            others = (other + key.removeprefix(head) for other in HEADS)
            return next((other for other in others if other in wanted), key)
    return key


def _same_shape(value: Tensor, wanted: Tensor | None) -> Tensor:
    """Add or drop dimensions of size 1, as linear layers and pointwise convolutions differ in."""
    if wanted is None or [n for n in value.shape if n != 1] != [n for n in wanted.shape if n != 1]:
        return value
    return value.reshape(wanted.shape)
