"""Relative positions in a window: indices into bias tables, and tables for another window size."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
import torch
from torch import Tensor, nn

#: The name of a bias table in the modules that own one; beside it is an index, ``relative_position_index``.
BIAS_TABLE = "relative_position_bias_table"


def relative_position_index(window_size: Sequence[int], with_cls_token: bool = False) -> Tensor:
    """Number the offsets between any two positions of a window.

    Args:
        window_size: Height and width of the window.
        with_cls_token: Put a token without a place before the window's; its three relations (to the others,
            from the others, to itself) get the three last numbers.

    Returns:
        Integers (N, N), the entry (i, j) for the offset from position j to position i.
    """
    height, width = window_size
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    vertical = rows[:, None] - rows[None, :] + height - 1
    horizontal = columns[:, None] - columns[None, :] + width - 1
    index = vertical * (2 * width - 1) + horizontal
    if not with_cls_token:
        return index
    count = num_relative_positions(window_size)
    full = index.new_empty((height * width + 1,) * 2)
    full[1:, 1:] = index
    full[0, :] = count
    full[:, 0] = count + 1
    full[0, 0] = count + 2
    return full


def num_relative_positions(window_size: Sequence[int], with_cls_token: bool = False) -> int:
    """Number of different offsets, that is the length of a bias table."""
    height, width = window_size
    return (2 * height - 1) * (2 * width - 1) + (3 if with_cls_token else 0)


def relative_position_bias(table: Tensor, index: Tensor) -> Tensor:
    """Look up a (num_heads, N, N) bias in a (num_offsets, num_heads) table by (N, N) indices."""
    # Contiguous: compilers guess the layout of a mask plus a permuted bias wrong under bf16 autocast.
    return table[index.view(-1)].view(*index.shape, -1).permute(2, 0, 1).contiguous()


class RelativePositionBias(nn.Module):
    """A learnable bias for each offset between two patches, shared by the layers that are given it.

    Args:
        window_size: Height and width of the grid of patches.
        num_heads: Number of attention heads.
        with_cls_token: There is a class token before the patches.
    """

    def __init__(self, window_size: Sequence[int], num_heads: int, with_cls_token: bool = True) -> None:
        super().__init__()
        self.window_size = tuple(window_size)
        length = num_relative_positions(window_size, with_cls_token)
        self.relative_position_bias_table = nn.Parameter(torch.zeros(length, num_heads))
        index = relative_position_index(window_size, with_cls_token)
        self.relative_position_index: Tensor
        self.register_buffer("relative_position_index", index)

    def forward(self) -> Tensor:
        """The bias (num_heads, N, N)."""
        return relative_position_bias(self.relative_position_bias_table, self.relative_position_index)


def resize_relative_position_bias_table(
    src_shape: int, dst_shape: int | tuple[int, int], table: Tensor, num_head: int
) -> Tensor:
    """Interpolate a bias table for another window size.

    Offsets near the centre keep a step near one; further out the steps of the old table grow geometrically,
    so that its ends meet those of the new one (as in `BEiT <https://arxiv.org/abs/2106.08254>`_). Between
    them runs a bicubic spline.

    Args:
        src_shape: Number of offsets along one side of the old table.
        dst_shape: The same of the new one; a pair, vertical and horizontal, if these differ.
        table: The old table (src_shape ** 2, num_head).
        num_head: Number of attention heads.
    """
    sizes = dst_shape if isinstance(dst_shape, tuple) else (dst_shape, dst_shape)
    grid = table.double().cpu().view(src_shape, src_shape, num_head)
    rows, columns = (_resizing(src_shape, size) for size in sizes)
    return torch.einsum("ip,jq,pqh->ijh", rows, columns, grid).reshape(-1, num_head).to(table)


def _resizing(src_shape: int, dst_shape: int) -> Tensor:
    """Weights (dst_shape, src_shape) of old offsets for new ones, along one side."""
    if src_shape == dst_shape:
        return torch.eye(src_shape, dtype=torch.float64)
    reach = src_shape // 2
    steps = _growth(reach, dst_shape // 2) ** np.arange(reach)
    offsets = np.cumsum(steps)
    old = np.concatenate((-offsets[::-1], [0.0], offsets))
    new = np.arange(-(dst_shape // 2), dst_shape // 2 + 1, dtype=np.float64)
    return torch.from_numpy(_spline_matrix(old, np.clip(new, old[0], old[-1])))


def resize_bias_tables(
    module: nn.Module, state_dict: dict[str, Tensor], prefix: str, extra_rows: int = 0
) -> None:
    """Make the bias tables of a checkpoint fit the window sizes of a model.

    Args:
        module: The model.
        state_dict: The checkpoint, which is changed.
        prefix: Prefix of the model's keys in it.
        extra_rows: Number of rows at the end of a table that are not for offsets.
    """
    buffers = dict(module.named_buffers())
    for name, parameter in module.named_parameters():
        key = prefix + name
        if not name.endswith(BIAS_TABLE) or key not in state_dict or len(state_dict[key]) == len(parameter):
            continue
        table, extra = state_dict[key].split((len(state_dict[key]) - extra_rows, extra_rows))
        window = getattr(module.get_submodule(name.rpartition(".")[0]), "window_size", None)
        side = isqrt(len(parameter) - extra_rows)
        new = (2 * window[0] - 1, 2 * window[1] - 1) if isinstance(window, tuple) else (side, side)
        old = isqrt(len(table))
        if old**2 != len(table) or new[0] * new[1] != len(parameter) - extra_rows:
            continue
        table = resize_relative_position_bias_table(old, new, table, table.shape[1])
        state_dict[key] = torch.cat((table, extra))
        index = name.replace(BIAS_TABLE, "relative_position_index")
        if index in buffers:  # the checkpoint's is for the old window
            state_dict[prefix + index] = buffers[index]


def _growth(terms: int, total: int) -> float:
    """The ratio in (1.01, 1.5) at which a geometric series of ``terms`` terms sums to ``total``."""
    low, high = 1.01, 1.5
    ratio = high
    while high - low > 1e-6:
        ratio = (low + high) / 2
        if (1 - ratio**terms) / (1 - ratio) > total:
            high = ratio
        else:
            low = ratio
    return ratio


def _spline_matrix(knots: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Weights (points, knots) of the cubic not-a-knot spline through values at ``knots``, seen at ``points``.

    A spline is a cubic polynomial plus one truncated power for each inner knot but the first and last.
    """

    def basis(at: np.ndarray) -> np.ndarray:
        centred = at / knots[-1]
        powers = np.stack([centred**k for k in range(4)], axis=1)
        jumps = np.maximum(centred[:, None] - knots[None, 2:-2] / knots[-1], 0.0) ** 3
        return np.concatenate((powers, jumps), axis=1)

    return np.linalg.solve(basis(knots).T, basis(points).T).T
