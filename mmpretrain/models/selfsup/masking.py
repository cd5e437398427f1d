"""Which patches of an image a backbone sees, in masked image modelling.

Shapes: B images, L patches of an image, K visible patches, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.structures import DataSample


class Visible(NamedTuple):
    """A choice of patches.

    Attributes:
        keep: Numbers of the visible patches, (B, K).
        restore: Where each patch is in "the visible ones, then the hidden ones", (B, L).
        mask: 1 where a patch is hidden, else 0, (B, L).
    """

    keep: Tensor
    restore: Tensor
    mask: Tensor


def check_mask_ratio(mask_ratio: float, num_patches: int) -> float:
    """Return ``mask_ratio`` if at least one of the patches stays visible.

    Raises:
        ArgumentError: If it is no number from 0 on and below 1, or leaves no patch.
    """
    if not isinstance(mask_ratio, (int, float)) or not 0 <= mask_ratio < 1:
        raise ArgumentError(
            f"mask_ratio must be at least 0 and below 1, got {mask_ratio!r}",
            hint="It is the part of the patches that the backbone does not see; MAE hides 0.75.",
            key="mask_ratio",
        )
    if int(num_patches * (1 - mask_ratio)) < 1:
        raise ArgumentError(
            f"mask_ratio={mask_ratio} leaves none of the {num_patches} patches visible",
            hint="Choose a smaller mask_ratio, or smaller patches.",
            key="mask_ratio",
        )
    return mask_ratio


def choose_visible(order: Tensor, mask_ratio: float) -> Visible:
    """Keep the first patches of an order.

    Args:
        order: A permutation of the numbers of the patches for each image, (B, L).
        mask_ratio: Part of the patches that is hidden.
    """
    num_kept = int(order.shape[1] * (1 - mask_ratio))
    restore = order.argsort(dim=1)
    return Visible(order[:, :num_kept], restore, (restore >= num_kept).float())


def random_order(batch: int, length: int, device: torch.device) -> Tensor:
    """A random permutation for each image, (batch, length)."""
    return torch.rand(batch, length, device=device).argsort(dim=1)


def take(x: Tensor, indices: Tensor) -> Tensor:
    """The entries of ``x`` (B, L, ...) at ``indices`` (B, K), as (B, K, ...)."""
    wide = indices[(...,) + (None,) * (x.ndim - 2)]
    return x.gather(1, wide.expand(-1, -1, *x.shape[2:]))


def check_mask(mask: Tensor, patches: Tensor) -> None:
    """Fail unless a mask (B, L) fits patches (B, L, C)."""
    if mask.shape != patches.shape[:2]:
        raise DataError(
            f"The masks have {mask.shape[1]} entries, but the images {patches.shape[1]} patches "
            f"({len(mask)} masks, {len(patches)} images)",
            where="train_dataloader.dataset.pipeline",
            hint="Let the input_size of the mask generator in the pipeline fit the model's img_size.",
        )


def replace_hidden(patches: Tensor, mask: Tensor, token: Tensor) -> Tensor:
    """Put ``token`` (1, 1, C) where the mask (B, L) or (B, h, w) is 1, in patches (B, L, C)."""
    check_mask(mask.flatten(1), patches)
    hidden = mask.flatten(1).unsqueeze(-1).to(token.dtype)
    return patches * (1 - hidden) + token * hidden


def need_hidden(backbone: nn.Module) -> None:
    """Fail if a backbone hides no patch, so that there is nothing to predict."""
    if getattr(backbone, "mask_ratio", 1) == 0:
        raise ConfigError(
            "mask_ratio=0 hides no patch, so there is nothing to predict",
            where="model.backbone.mask_ratio",
            hint="Set it above 0; MAE hides 0.75.",
            key="mask_ratio",
        )


def stack_masks(data_samples: Sequence[DataSample]) -> Tensor:
    """The masks of a batch, (B, ...), as the pipeline made them.

    Raises:
        DataError: If a sample has none, or they hide nothing.
    """
    masks = [sample.get("mask") for sample in data_samples]
    if not masks or any(mask is None for mask in masks):
        raise DataError(
            "The samples have no mask",
            where="train_dataloader.dataset.pipeline",
            hint="Add BEiTMaskGenerator or SimMIMMaskGenerator to the pipeline, before PackInputs.",
        )
    shapes = {tuple(mask.shape) for mask in masks}
    if len(shapes) > 1:
        raise DataError(
            f"The masks of a batch differ in size: {sorted(shapes)}",
            where="train_dataloader.dataset.pipeline",
        )
    return torch.stack(masks)
