"""Checkpoints of TensorFlow: reading them, and the layout of EfficientNet's authors.

Their variables have the names that timm's EfficientNet has for its parts in other words, so that is what they
are translated to first.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

import torch
from torch import Tensor

from mmpretrain.checkpoints.layouts import timm
from mmpretrain.checkpoints.layouts.layout import Tensors
from mmpretrain.utils.optional import optional_import

#: What ends the names of averaged weights.
AVERAGE = "/ExponentialMovingAverage"
#: The last part of a variable's name; those of the optimizer, and of the averages, have another one behind.
KINDS = {
    "kernel": "weight", "depthwise_kernel": "weight", "bias": "bias",
    "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var",
}  # fmt: skip
SQUEEZE = {"se/conv2d": "se.conv_reduce", "se/conv2d_1": "se.conv_expand", "depthwise_conv2d": "conv_dw"}
#: The other convolutions of a block, by what kind of block it is.
EDGE = {"conv2d": "conv_exp", "conv2d_1": "conv_pwl"}
INVERTED = {"conv2d": "conv_pw", "conv2d_1": "conv_pwl", **SQUEEZE}
DEPTHWISE = {"conv2d": "conv_pw", **SQUEEZE}
ENDS = {
    "stem": {"conv2d": "conv_stem", "tpu_batch_normalization": "bn1"},
    "head": {"conv2d": "conv_head", "tpu_batch_normalization": "bn2", "dense": "classifier"},
}
VARIABLE = re.compile(rf"efficientnet-([\w-]+)/(stem|head|blocks_\d+)/(.+)/({'|'.join(KINDS)})$")


def is_checkpoint(path: str) -> bool:
    """Whether this is the name of a TensorFlow checkpoint, which is what its files begin with."""
    return os.path.isfile(f"{path.removesuffix('.index')}.index")


def read(path: str) -> Tensors:
    """Read the variables of a TensorFlow checkpoint.

    Raises:
        OptionalDependencyError: If TensorFlow is not installed.
    """
    tensorflow = optional_import("tensorflow", feature="A TensorFlow checkpoint")
    reader = tensorflow.train.load_checkpoint(path.removesuffix(".index"))
    return {name: torch.as_tensor(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()}


def to_timm(weights: Tensors) -> Tensors:
    """Give the variables of an EfficientNet the names and the order of axes that they have in timm."""
    found = {key: match for key in weights if (match := VARIABLE.match(key))}
    parts: dict[str, set[str]] = {}
    for match in found.values():
        parts.setdefault(match[2], set()).add(match[3])
    places = _stages(weights, parts, next(iter(found.values()))[1])
    renamed = {}
    for key, match in found.items():
        variant, place, part, kind = match.groups()
        name = ENDS[place][part] if place in ENDS else places[place] + _part(part, parts[place])
        value = _arrange(weights[key], kind)
        if part == "dense" and "edgetpu" in variant:
            value = value[1:]  # their first class is the background
        renamed[f"{name}.{KINDS[kind]}"] = value
    return renamed


def take_averages(weights: Tensors) -> Tensors:
    """Put the averages in the place of the weights."""
    averages = {key.removesuffix(AVERAGE): x for key, x in weights.items() if key.endswith(AVERAGE)}
    return {**weights, **averages}


def _stages(weights: Tensors, parts: dict[str, set[str]], variant: str) -> dict[str, str]:
    """Number the blocks in their stages; another stage has another width."""
    places, stage, block, before = {}, -1, 0, None
    for name in sorted((name for name in parts if name not in ENDS), key=lambda name: int(name[7:])):
        last = "conv2d_1" if "conv2d_1" in parts[name] else "conv2d"
        width = weights[f"efficientnet-{variant}/{name}/{last}/kernel"].shape[-1]
        stage, block = (stage, block + 1) if width == before else (stage + 1, 0)
        places[name], before = f"blocks.{stage}.{block}.", width
    return places


def _part(part: str, others: set[str]) -> str:
    if part.startswith("tpu_batch_normalization"):
        return f"bn{1 + int(part.partition('tion_')[2] or 0)}"
    names = EDGE if "depthwise_conv2d" not in others else INVERTED if "conv2d_1" in others else DEPTHWISE
    return names[part]


def _arrange(x: Tensor, kind: str) -> Tensor:
    """Kernels have their channels last, and a depthwise one those of the input."""
    if x.ndim == 4:
        return x.permute(2, 3, 0, 1) if kind == "depthwise_kernel" else x.permute(3, 2, 0, 1)
    return x.T if x.ndim == 2 else x


_EFFICIENTNET = next(layout for layout in timm.LAYOUTS if layout.family == "efficientnet")
LAYOUTS = tuple(
    replace(
        _EFFICIENTNET,
        source=source,
        marks=(r"^efficientnet-[\w-]+/blocks_0/",),
        condition=None,
        prepare=(*first, to_timm, *_EFFICIENTNET.prepare),
    )
    for source, first in (("tensorflow", ()), ("tensorflow-averages", (take_averages,)))
)
