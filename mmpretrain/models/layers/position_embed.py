"""Position embeddings for another image size than they were trained for."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import torch
from torch import Tensor
from torch.nn import functional as F


def resize_pos_embed(
    pos_embed: Tensor,
    src_shape: Sequence[int],
    dst_shape: Sequence[int],
    mode: str = "bicubic",
    num_extra_tokens: int = 1,
) -> Tensor:
    """Interpolate the embeddings of a grid of patches; those of extra tokens stay.

    Args:
        pos_embed: Embeddings (1, num_extra_tokens + H * W, C).
        src_shape: The grid (H, W) they are for.
        dst_shape: The grid wanted.
        mode: Mode of ``torch.nn.functional.interpolate``.
        num_extra_tokens: Number of leading tokens without a place in the grid, such as the class token.
    """
    if tuple(src_shape) == tuple(dst_shape):
        return pos_embed
    if pos_embed.ndim != 3 or pos_embed.shape[1] != src_shape[0] * src_shape[1] + num_extra_tokens:
        raise ValueError(
            f"Expected position embeddings (1, {src_shape[0]} * {src_shape[1]} + {num_extra_tokens}, C), "
            f"got {tuple(pos_embed.shape)}. Check img_size."
        )
    extra, grid = pos_embed[:, :num_extra_tokens], pos_embed[:, num_extra_tokens:]
    grid = grid.unflatten(1, (src_shape[0], src_shape[1])).permute(0, 3, 1, 2)
    # bicubic interpolation exists for float32 only on some devices
    resized = F.interpolate(grid.float(), size=tuple(dst_shape), mode=mode, align_corners=False)
    resized = resized.to(grid.dtype).flatten(2).transpose(1, 2)
    return torch.cat((extra, resized), dim=1)


def fit_pos_embed(
    loaded: Tensor,
    wanted_tokens: int,
    dst_shape: Sequence[int],
    mode: str = "bicubic",
    num_extra_tokens: int = 1,
) -> Tensor:
    """Make the position embeddings of a checkpoint fit a model.

    A class token that the model lacks is dropped, and a square grid is resized.

    Args:
        loaded: Embeddings (1, N, C) of the checkpoint.
        wanted_tokens: Number of embeddings of the model.
        dst_shape: Grid (H, W) of the model.
        mode: Mode of ``torch.nn.functional.interpolate``.
        num_extra_tokens: Number of the model's tokens without a place in the grid.
    """
    if num_extra_tokens == 0 and loaded.shape[1] == wanted_tokens + 1:
        loaded = loaded[:, 1:]
    if loaded.shape[1] == wanted_tokens:
        return loaded
    side = isqrt(loaded.shape[1] - num_extra_tokens)
    return resize_pos_embed(loaded, (side, side), dst_shape, mode, num_extra_tokens)
