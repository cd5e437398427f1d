"""Attention with a learnable bias for the distance of two places (`LeViT <https://arxiv.org/abs/2104.01136>`_)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import Self

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule

Grid = tuple[int, int]

# Shapes: B batch, N tokens, H heads, D channels of a head.


def offset_index(grid: Grid, stride: int = 1) -> Tensor:
    """Number the distances between queries and keys.

    Args:
        grid: Rows and columns of the keys.
        stride: A query stands at each ``stride``-th row and column.

    Returns:
        Integers (number of queries, number of keys): ``|rows apart| * columns + |columns apart|``.
    """
    rows, columns = (torch.arange(size) for size in grid)
    vertical = (rows[::stride, None] - rows).abs()[:, None, :, None]
    horizontal = (columns[::stride, None] - columns).abs()[None, :, None, :]
    return (vertical * grid[1] + horizontal).flatten(2).flatten(0, 1)


class OffsetBiasAttention(BaseModule):
    """Base of attention modules that add a bias to the logits, one for each distance and head.

    For evaluation without gradients, the bias is looked up once, when the module goes into evaluation mode
    (as in 1.x, so a parameter that is then written to in place has no effect). It is renewed when weights are
    loaded, and is copied and moved with the module.

    Args:
        num_heads: Number of heads H.
        grid: Rows and columns of the keys.
        stride: A query stands at each ``stride``-th row and column.
        persistent: Keep the index in state dicts.
        init_cfg: How the weights are initialised.
    """

    attention_bias_idxs: Tensor
    evaluation_bias: Tensor | None

    def __init__(
        self,
        num_heads: int,
        grid: Grid,
        stride: int = 1,
        persistent: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_heads = num_heads
        self.grid = grid
        self.attention_biases = nn.Parameter(torch.zeros(num_heads, grid[0] * grid[1]))
        self.register_buffer("attention_bias_idxs", offset_index(grid, stride), persistent=persistent)
        self.register_buffer("evaluation_bias", None, persistent=False)
        self.register_load_state_dict_post_hook(_renew)

    @torch.no_grad()
    def renew(self) -> None:
        """Look up the bias for evaluation again."""
        self.evaluation_bias = None if self.training else self.look_up(self.attention_bias_idxs)

    def train(self, mode: bool = True) -> Self:
        """Set the training mode."""
        super().train(mode)
        self.renew()
        return self

    def look_up(self, index: Tensor, table: Tensor | None = None) -> Tensor:
        """The bias (H, ...) at an index (...)."""
        table = self.attention_biases if table is None else table
        return table.index_select(1, index.flatten()).unflatten(1, index.shape)

    def bias(self, grid: Grid | None = None) -> Tensor:
        """The bias (H, number of queries, number of keys).

        Args:
            grid: Rows and columns of the keys, where they are fewer than the module was made for.
        """
        if grid is None or grid == self.grid:
            learns = torch.is_grad_enabled() and self.attention_biases.requires_grad
            if self.evaluation_bias is not None and not learns:
                return self.evaluation_bias
            return self.look_up(self.attention_bias_idxs)
        if grid[0] > self.grid[0] or grid[1] > self.grid[1]:
            raise ArgumentError(
                f"{type(self).__name__} has biases for a map of {self.grid[0]}×{self.grid[1]}, "
                f"not for one of {grid[0]}×{grid[1]}",
                hint="Take smaller images, or build the model for larger ones.",
            )
        table = self.attention_biases.unflatten(1, self.grid)[:, : grid[0], : grid[1]].flatten(1)
        return self.look_up(offset_index(grid).to(table.device), table)


def _renew(module: OffsetBiasAttention, _: Any) -> None:
    module.renew()


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float) -> Tensor:
    """Attention whose values may have another width than its keys.

    Args:
        q: Queries (B, H, N, D).
        k: Keys (B, H, M, D).
        v: Values (B, H, M, E).
        bias: Added to the logits (H, N, M).
        scale: Scale of the products of queries and keys.

    Returns:
        Tokens (B, N, H * E).
    """
    if q.shape[-1] == v.shape[-1] and not bias.requires_grad:
        x = F.scaled_dot_product_attention(q, k, v, bias[None], scale=scale)
    else:
        logits = (q * scale) @ k.transpose(-2, -1) + bias
        x = logits.softmax(-1).to(v.dtype) @ v
    return x.transpose(1, 2).flatten(2)
