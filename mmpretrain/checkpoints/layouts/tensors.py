"""Converting tensors whose axes other libraries arrange differently."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isqrt

import torch
from torch import Tensor

from mmpretrain.checkpoints.layouts.layout import Tensors


def flat(x: Tensor) -> Tensor:
    """Drop the trailing dimensions of a (C, 1, 1) scale or of a (C', C, 1, 1) kernel."""
    return x.reshape([size for i, size in enumerate(x.shape) if size != 1 or i == 0])


def vector(x: Tensor) -> Tensor:
    """(1, ..., C) as (C,)."""
    return x.reshape(-1)


def matrix(x: Tensor) -> Tensor:
    """The kernel (C', C, 1, 1) of a pointwise convolution as the weight (C', C) of a linear layer."""
    return x.reshape(x.shape[:2])


def square(x: Tensor) -> Tensor:
    """A flattened (N * N,) index as (N, N)."""
    side = isqrt(x.numel())
    return x.reshape(side, side)


def token(x: Tensor) -> Tensor:
    """(C,) or (N, C) as (1, N, C)."""
    return x.reshape(1, -1, x.shape[-1])


def unfold_order(x: Tensor) -> Tensor:
    """Reorder the inputs of a patch merging to those of ``nn.Unfold``: channels first, then places.

    The authors of Swin concatenate the four places of a window column by column: (0, 0), (1, 0), (0, 1),
    (1, 1), each with all its channels.
    """
    places = x.unflatten(-1, (4, -1))[..., [0, 2, 1, 3], :]
    return places.transpose(-1, -2).flatten(-2)


def split_qkv_bias(weights: Tensors) -> Tensors:
    """Queries and values keep their part of a joint bias; that of the keys has no effect there."""
    split = {}
    for key, value in weights.items():
        if key.endswith("attn.qkv.bias"):
            stem = key.removesuffix("qkv.bias")
            split[f"{stem}q_bias"], _, split[f"{stem}v_bias"] = value.chunk(3)
        else:
            split[key] = value
    return split


def join_qkv_bias(weights: Tensors) -> Tensors:
    """Put separate biases of queries and values, and zeros for the keys, into a joint one."""
    joined = dict(weights)
    for key in weights:
        if key.endswith("attn.q_bias"):
            stem = key.removesuffix("q_bias")
            queries, values = joined.pop(key), joined.pop(f"{stem}v_bias")
            joined[f"{stem}qkv.bias"] = torch.cat((queries, torch.zeros_like(queries), values))
    return joined


def place_registers(weights: Tensors) -> Tensors:
    """Give timm's registers their own name, and positions to the class token and the patches only.

    timm adds positions to the patches alone, or to all tokens in the order class token, registers, patches.
    """
    placed = dict(weights)
    registers, positions = placed.pop("reg_token"), weights["pos_embed"]
    length, count = positions.shape[1], registers.shape[1]
    if isqrt(length) ** 2 == length:
        positions = torch.cat((torch.zeros_like(positions[:, :1]), positions), dim=1)
    elif isqrt(length - 1 - count) ** 2 == length - 1 - count:
        first, own, patches = positions.tensor_split([1, 1 + count], dim=1)
        positions, registers = torch.cat((first, patches), dim=1), registers + own
    return {**placed, "register_tokens": registers, "pos_embed": positions}


def join_gates(weights: Tensors) -> Tensors:
    """Make one ``w12`` of the linear layers ``w1`` and ``w2`` of a gated network."""
    joined = dict(weights)
    for key in weights:
        if match := re.match(r"(.*\.)w1\.(weight|bias)$", key):
            parts = [joined.pop(f"{match[1]}{name}.{match[2]}") for name in ("w1", "w2")]
            joined[f"{match[1]}w12.{match[2]}"] = torch.cat(parts)
    return joined


def join_qkv(weights: Tensors) -> Tensors:
    """Make one ``qkv`` of separate projections named ``q_proj``, ``k_proj``, ``v_proj`` or ``query`` etc.

    Keys without a bias get zeros where queries have one.
    """
    joined = dict(weights)
    pattern = re.compile(r"(.*\.)(?:q_proj|query)\.(weight|bias)$")
    for match in filter(None, map(pattern.match, weights)):
        names = ("q_proj", "k_proj", "v_proj") if "q_proj" in match[0] else ("query", "key", "value")
        none = torch.zeros_like(weights[match[0]])
        parts = [joined.pop(f"{match[1]}{name}.{match[2]}", none) for name in names]
        joined[f"{match[1]}qkv.{match[2]}"] = torch.cat(parts)
    return joined


def numbered_convs(keys: Iterable[str]) -> dict[int, int]:
    """Positions of VGG's convolutions in torchvision's list of layers -> in the one here.

    There, a convolution is followed by its norm, if it has one, and by a ReLU; here these are one. In both,
    a pooling takes one position.
    """
    layers: dict[str, set[int]] = {"weight": set(), "running_mean": set()}
    for key in keys:
        if match := re.match(r"features\.(\d+)\.(weight|running_mean)$", key):
            layers[match[2]].add(int(match[1]))
    convs = sorted(layers["weight"] - layers["running_mean"])
    per_conv = 3 if layers["running_mean"] else 2
    return {place: place - (per_conv - 1) * i for i, place in enumerate(convs)}


def number_vgg(weights: Tensors) -> Tensors:
    """Name the convolutions and norms of torchvision's VGG."""
    places = numbered_convs(list(weights))
    renamed = {}
    for key, value in weights.items():
        match = re.match(r"features\.(\d+)\.(.*)", key)
        if match:
            place = int(match[1])
            kind = "conv" if place in places else "bn"
            key = f"features.{places[place if kind == 'conv' else place - 1]}.{kind}.{match[2]}"
        renamed[key] = value
    return renamed
