"""Attention biases by relative position, the sum of one for the rows and one for the columns."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# Shapes: B batch, H heads, D channels of a head; queries lie on a grid (h, w), keys on a grid (k, l).


def relative_rows(table: Tensor, queries: int, keys: int) -> Tensor:
    """Look up the embedding of each offset between a query and a key along one axis.

    Where the grids differ in size, the coarser one is stretched; a table of another length is interpolated.

    Args:
        table: One embedding for each offset, (2 * size - 1, D).
        queries: Number of queries along the axis.
        keys: Number of keys along the axis.

    Returns:
        Embeddings (queries, keys, D).
    """
    offsets = 2 * max(queries, keys) - 1
    if len(table) != offsets:
        table = F.interpolate(table.T.unsqueeze(0), size=offsets, mode="linear").squeeze(0).T
    place = torch.arange(queries, device=table.device)[:, None] * max(keys / queries, 1.0)
    other = torch.arange(keys, device=table.device)[None, :] * max(queries / keys, 1.0)
    return table[(place - other + (keys - 1) * max(queries / keys, 1.0)).long()]


def decomposed_bias(
    q: Tensor, hw: tuple[int, int], key_hw: tuple[int, int], rows: Tensor, columns: Tensor
) -> Tensor:
    """Compute the bias of attention logits from the queries (`MViTv2 <https://arxiv.org/abs/2112.01526>`_).

    Args:
        q: Queries (B, H, h * w, D).
        hw: Their grid.
        key_hw: Grid of the keys.
        rows: Embeddings of vertical offsets.
        columns: Embeddings of horizontal offsets.

    Returns:
        A bias (B, H, h * w, k * l).
    """
    grid = q.unflatten(2, hw)
    vertical = torch.einsum("bnhwc,hkc->bnhwk", grid, relative_rows(rows, hw[0], key_hw[0]))
    horizontal = torch.einsum("bnhwc,wlc->bnhwl", grid, relative_rows(columns, hw[1], key_hw[1]))
    return (vertical.unsqueeze(-1) + horizontal.unsqueeze(-2)).flatten(4).flatten(2, 3)
