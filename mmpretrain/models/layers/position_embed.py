"""Position embeddings for another image size than they were trained for."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import torch
from torch import Tensor
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError, DataError
from mmpretrain.models.layers.shape import to_2tuple


def check_patches(count: int, wanted: int, part: str) -> None:
    """Fail unless the images have as many patches as a part of the model is made for.

    Args:
        count: How many they have.
        wanted: How many there are positions for.
        part: The key of the part in a config, such as ``'neck'``.
    """
    if count != wanted:
        raise DataError(
            f"The images have {count} patches, and model.{part} is made for {wanted}",
            where="train_dataloader.dataset.pipeline",
            hint="Let the crops be as large as img_size of model.backbone, and num_patches of model.neck "
            "img_size / patch_size, squared.",
        )


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
    state_dict: dict[str, Tensor],
    key: str,
    wanted: Tensor | None,
    dst_shape: Sequence[int],
    mode: str = "bicubic",
    num_extra_tokens: int = 1,
) -> None:
    """Before a checkpoint is loaded, make its position embeddings fit a model.

    A square grid is resized. Extra tokens that the model lacks are dropped, those that the checkpoint lacks
    keep the model's embeddings.

    Args:
        state_dict: The checkpoint, which is changed.
        key: Where it has the embeddings, if it has some.
        wanted: The embeddings (1, N, C) of the model, if it has some.
        dst_shape: Grid (H, W) of the model.
        mode: Mode of ``torch.nn.functional.interpolate``.
        num_extra_tokens: Number of the model's tokens without a place in the grid.
    """
    loaded = state_dict.get(key)
    if loaded is None or wanted is None or loaded.shape == wanted.shape:
        return
    if loaded.ndim != 3 or loaded.shape[2] != wanted.shape[2]:
        return
    length = loaded.shape[1]
    prefix = key[: key.rfind(".") + 1]
    tokens = [f"{prefix}cls_token", f"{prefix}dist_token"]
    counts = (num_extra_tokens, sum(name in state_dict for name in tokens))
    found = next((n for n in counts if n < length and isqrt(length - n) ** 2 == length - n), None)
    src_shape: Sequence[int]
    if found is not None:
        src_shape = 2 * (isqrt(length - found),)
    elif 0 <= length - dst_shape[0] * dst_shape[1] <= len(tokens):
        found, src_shape = length - dst_shape[0] * dst_shape[1], dst_shape
    else:
        return
    resized = resize_pos_embed(loaded, src_shape, dst_shape, mode, found)
    extra = torch.cat((resized[:, :found], wanted.detach()[:, found:num_extra_tokens].to(loaded)), dim=1)
    state_dict[key] = torch.cat((extra[:, :num_extra_tokens], resized[:, found:]), dim=1)


def build_2d_sincos_position_embedding(
    patches_resolution: int | Sequence[int],
    embed_dims: int,
    temperature: float = 10000.0,
    cls_token: bool = False,
) -> Tensor:
    """Fixed embeddings of a grid: sines and cosines of the row, then of the column.

    From `MoCo v3 <https://arxiv.org/abs/2104.02057>`_ and `MAE <https://arxiv.org/abs/2111.06377>`_.

    Args:
        patches_resolution: The grid (H, W), or one number for both.
        embed_dims: Number of channels C, a multiple of 4.
        temperature: The longest wave is ``2 * pi * temperature`` patches.
        cls_token: Put zeros for a class token first.

    Returns:
        Embeddings (1, H * W, C), or (1, 1 + H * W, C).
    """
    if embed_dims % 4:
        raise ArgumentError(
            f"Sine and cosine positions need a multiple of 4 channels, got {embed_dims}", key="embed_dims"
        )
    height, width = to_2tuple(patches_resolution)
    quarter = embed_dims // 4
    frequencies = temperature ** -(torch.arange(quarter, dtype=torch.float32) / quarter)
    column = torch.arange(width, dtype=torch.float32)[None, :].expand(height, width)
    row = torch.arange(height, dtype=torch.float32)[:, None].expand(height, width)
    angles = [place.reshape(-1, 1) * frequencies for place in (row, column)]
    grid = torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], dim=1)
    return torch.cat((grid.new_zeros(int(cls_token), embed_dims), grid))[None]
