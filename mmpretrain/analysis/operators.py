"""What an operator of torch costs, from the shapes of its arguments.

One multiplication with its addition is one FLOP here, as in papers and in MMPretrain 1.x.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten


def _convolution(args: Sequence[Any], out: Tensor) -> int:
    image, weight, transposed = args[0], args[1], args[6]
    positions = (image if transposed else out).shape[2:]
    return image.shape[0] * weight.numel() * math.prod(positions)


def _product(first: int) -> Callable[[Sequence[Any], Tensor], int]:
    """The cost of a (batched) matrix product whose left factor is argument ``first``."""
    return lambda args, out: out.numel() * args[first].shape[-1]


def _each(factor: int) -> Callable[[Sequence[Any], Tensor], int]:
    """The cost of an operator that takes ``factor`` steps for each element of its input."""
    return lambda args, out: factor * args[0].numel()


def _each_output(factor: int) -> Callable[[Sequence[Any], Tensor], int]:
    return lambda args, out: factor * out.numel()


def _batch_norm(args: Sequence[Any], out: Tensor) -> int:
    return args[0].numel() * (2 if args[1] is not None else 1)


def _norm(args: Sequence[Any], out: Tensor) -> int:
    affine = any(isinstance(arg, Tensor) for arg in args[1:])
    return args[0].numel() * (5 if affine else 4)


def _mean(args: Sequence[Any], out: Tensor) -> int:
    """A mean over both axes of a map is an average pooling; other means cost next to nothing."""
    pools = args[0].dim() == 4 and len(args) > 1 and sorted(axis % 4 for axis in args[1] or ()) == [2, 3]
    return args[0].numel() if pools else 0


#: Operators whose output counts as an activation.
PRODUCTS: dict[Any, Callable[[Sequence[Any], Tensor], int]] = {
    aten.convolution: _convolution,
    aten.mm: _product(0),
    aten.bmm: _product(0),
    aten.addmm: _product(1),
    aten.baddbmm: _product(1),
    aten.linear: _product(0),
}
#: Others that are worth counting.
OTHERS: dict[Any, Callable[[Sequence[Any], Tensor], int]] = {
    aten.native_batch_norm: _batch_norm,
    aten._native_batch_norm_legit_no_training: _batch_norm,
    aten.cudnn_batch_norm: _batch_norm,
    aten.native_layer_norm: _norm,
    aten.native_group_norm: _norm,
    aten._adaptive_avg_pool2d: _each(1),
    aten.mean: _mean,
    aten.upsample_nearest2d: _each_output(1),
    aten.upsample_bilinear2d: _each_output(4),
}


def attention_flops(query: Tensor, key: Tensor, value: Tensor) -> int:
    """Count scaled dot-product attention: ``(..., N, D)``, ``(..., M, D)`` and ``(..., M, V)``."""
    pairs = math.prod(query.shape[:-1]) * key.shape[-2]
    return pairs * (query.shape[-1] + value.shape[-1])
