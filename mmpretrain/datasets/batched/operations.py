"""The operations of RandAugment and AutoAugment, for batches.

An operation is built as in a pipeline: its class says how likely and how strong it is. Here its strengths are
drawn for many images at once, and a table says what changes their pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmpretrain.datasets.batched import pixels
from mmpretrain.datasets.batched.base import column, on_part, part_of
from mmpretrain.datasets.batched.erasing import box_mask
from mmpretrain.datasets.batched.resample import warp
from mmpretrain.datasets.transforms.auto_augment_base import BaseAugTransform
from mmpretrain.datasets.transforms.checks import suits
from mmpretrain.errors import ConfigError
from mmpretrain.utils.keyed_draws import Draws

#: From an operation, images, their strengths (B,) and a source of further numbers to the changed images.
Change = Callable[[Any, Tensor, np.ndarray, Draws], Tensor]


def strengths(operation: Any, draws: Draws, levels: np.ndarray | None = None) -> np.ndarray:
    """Draw the strengths of an operation, (B,), unless their ``levels`` (B,) are drawn already."""
    signs = np.where(draws.uniform() < operation.random_negative_prob, -1.0, 1.0)
    fixed = getattr(operation, operation.strength_key) if operation.strength_key else 0.0
    if fixed is None:
        levels = _levels(operation, draws) if levels is None else levels
        start, end = operation.magnitude_range
        fixed = levels / operation.total_level * (end - start) + start
    return np.broadcast_to(np.asarray(fixed, dtype=np.float64), (len(draws),)) * signs


def _levels(operation: Any, draws: Draws) -> np.ndarray:
    if isinstance(operation.magnitude_std, str):
        return draws.uniform(0, operation.magnitude_level)
    if operation.magnitude_std > 0:
        levels = draws.normal(operation.magnitude_level, operation.magnitude_std)
        return np.clip(levels, 0, operation.total_level)
    return np.full(len(draws), float(operation.magnitude_level))


def apply_to_part(
    operation: BaseAugTransform,
    images: Tensor,
    indices: np.ndarray,
    draws: Draws,
    levels: np.ndarray | None = None,
) -> Tensor:
    """Apply an operation, with its probability, to the images at ``indices``.

    Args:
        operation: As in a pipeline.
        images: The batch, (B, C, H, W).
        indices: Which images.
        draws: Random numbers for the batch.
        levels: Levels of the strength for the batch, if the operation does not draw them.
    """
    own = draws.take(indices)
    used = np.flatnonzero(own.uniform() <= operation.prob)
    if not len(used):
        return images
    own, indices = own.take(used), indices[used]
    drawn = strengths(operation, own, None if levels is None else levels[indices])
    changed = change_of(operation)(operation, part_of(images, indices), drawn, own)
    return on_part(indices, images, changed)


def change_of(operation: Any) -> Change:
    """Return what changes the pixels.

    Raises:
        ConfigError: If there is no such operation for batches.
    """
    name = type(operation).__name__
    if name not in CHANGES:
        raise ConfigError(
            f"batch_transforms have no operation {name!r}",
            hint=f"There are {_names()}. Leave a policy with others in the pipeline.",
            key="policies",
        )
    if getattr(operation, "interpolation", "nearest") not in ("nearest", "bilinear", "bicubic"):
        raise ConfigError(
            f"{name} of batch_transforms interpolates 'nearest', 'bilinear' or 'bicubic', "
            f"got {operation.interpolation!r}",
            key="policies",
        )
    return CHANGES[name]


def _names() -> str:
    return ", ".join(sorted(name for name in CHANGES if name.isalpha()))


def _enhance(function: Callable[[Tensor, Tensor], Tensor]) -> Change:
    return lambda operation, images, strength, draws: function(images, column(1 + strength, images))


def _plain(function: Callable[[Tensor], Tensor]) -> Change:
    return lambda operation, images, strength, draws: function(images)


def _solarize_add(operation: Any, images: Tensor, strength: np.ndarray, draws: Draws) -> Tensor:
    return pixels.solarize_add(images, column(strength, images), operation.thr)


def _pad_values(operation: Any, images: Tensor) -> Tensor:
    channels = images.shape[1]
    values = np.atleast_1d(np.asarray(operation.pad_val, dtype=np.float64))
    suits(
        len(values) in (1, channels),
        f"pad_val of {type(operation).__name__} has {len(values)} numbers for {channels} channels",
        key="pad_val",
    )
    return torch.from_numpy(np.broadcast_to(values, (channels,)).copy()).to(images).view(1, -1, 1, 1)


def _warped(operation: Any, images: Tensor, matrices: np.ndarray, pad: Tensor | None = None) -> Tensor:
    """Apply maps (B, 2, 3) from places of the result to places of the image."""
    maps = torch.from_numpy(matrices).to(images.device)
    pad = _pad_values(operation, images) if pad is None else pad
    return warp(images, maps, pad, operation.interpolation).clamp_(0, 255).round_()


def _identities(count: int) -> np.ndarray:
    return np.tile(np.eye(2, 3), (count, 1, 1))


def _shear(operation: Any, images: Tensor, strength: np.ndarray, draws: Draws) -> Tensor:
    matrices = _identities(len(strength))
    matrices[(slice(None), *((0, 1) if operation.direction == "horizontal" else (1, 0)))] = -strength
    return _warped(operation, images, matrices)


def _translate(operation: Any, images: Tensor, strength: np.ndarray, draws: Draws) -> Tensor:
    matrices, axis = _identities(len(strength)), 0 if operation.direction == "horizontal" else 1
    matrices[:, axis, 2] = -strength * images.shape[3 - axis]
    return _warped(operation, images, matrices)


def _rotate(operation: Any, images: Tensor, strength: np.ndarray, draws: Draws) -> Tensor:
    height, width = images.shape[-2:]
    center = np.array(operation.center or ((width - 1) * 0.5, (height - 1) * 0.5))
    angles = np.deg2rad(strength)
    # Clockwise by the angle, so the source lies the same angle back.
    cos, sin = np.cos(angles) / operation.scale, np.sin(angles) / operation.scale
    turn = np.stack([np.stack([cos, sin], 1), np.stack([-sin, cos], 1)], 1)
    pad = _pad_values(operation, images)
    if np.isscalar(operation.pad_val):
        pad[:, 1:] = 0  # one number stands for the first channel, in a pipeline, too
    return _warped(operation, images, np.concatenate([turn, (center - turn @ center)[:, :, None]], 2), pad)


def _cutout(operation: Any, images: Tensor, strength: np.ndarray, draws: Draws) -> Tensor:
    height, width = images.shape[-2:]
    edge = np.trunc(strength)
    sides = []
    for full in (height, width):
        start = np.trunc(np.maximum(0, draws.uniform(0, full) - edge / 2))
        sides.append((start, np.minimum(full, start + edge) - start))
    boxes = np.stack([sides[0][0], sides[1][0], sides[0][1], sides[1][1]], axis=1).astype(np.int64)
    return torch.where(box_mask(boxes, images), _pad_values(operation, images), images)


#: By the name of the operation in a pipeline.
CHANGES: dict[str, Change] = {
    "_Identity": lambda operation, images, strength, draws: images,
    "AutoContrast": _plain(pixels.auto_contrast),
    "Brightness": _enhance(pixels.brightness),
    "ColorTransform": _enhance(lambda images, factor: pixels.saturation(images, factor, rounds=True)),
    "Contrast": _enhance(pixels.contrast),
    "Cutout": _cutout,
    "Equalize": _plain(pixels.equalize),
    "GaussianBlur": lambda operation, images, strength, draws: pixels.blur(images, column(strength, images)),
    "Invert": _plain(pixels.invert),
    "Posterize": lambda operation, images, strength, draws: pixels.posterize(
        images, column(np.ceil(strength), images)
    ),
    "Rotate": _rotate,
    "Sharpness": _enhance(pixels.sharpness),
    "Shear": _shear,
    "Solarize": lambda operation, images, strength, draws: pixels.solarize(images, column(strength, images)),
    "SolarizeAdd": _solarize_add,
    "Translate": _translate,
}
