"""Convolutions on images: weights for another number of channels than the model's.

The rule: where a checkpoint has M = 1 or 3 input channels and the model N others,

- N = 1: the weights are summed over the channels, so that a grey image gives what it gives as a colour image
  with three equal channels;
- else: channel n gets the weights of channel ``n mod M``, times M / N, so that the sum over all channels has
  about the size that the next layer knows.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

#: Of one tensor: in the checkpoint, and in the model.
Shapes = tuple[tuple[int, ...], tuple[int, ...]]
#: Numbers of channels that pretrained models are for.
PRETRAINED = (1, 3)


def adapt_stem(weight: Tensor, channels: int) -> Tensor:
    """Return the weight of a convolution (O, M, ...) for another number of input channels.

    Args:
        weight: Of a model for images of M channels.
        channels: N.

    Returns:
        (O, N, ...).
    """
    if channels == 1:
        return weight.sum(1, keepdim=True)
    given = weight.shape[1]
    chosen = torch.arange(channels, device=weight.device) % given
    return weight.index_select(1, chosen) * (given / channels)


def adapt_stems(model: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Shapes]:
    """Adapt the weights of convolutions on images; others are left alone.

    Args:
        model: The model that they are for.
        tensors: Key -> tensor; changed.

    Returns:
        Key -> (shape in the checkpoint, shape in the model), of those that were adapted.
    """
    adapted = {}
    for name, module in model.named_modules():
        key = f"{name}.weight" if name else "weight"
        theirs = tensors.get(key)
        if not isinstance(module, nn.modules.conv._ConvNd) or theirs is None or module.groups != 1:
            continue
        ours = tuple(module.weight.shape)
        if theirs.ndim == len(ours) and _differ_in_channels(tuple(theirs.shape), ours):
            adapted[key] = (tuple(theirs.shape), ours)
            tensors[key] = adapt_stem(theirs, ours[1])
    return adapted


def _differ_in_channels(theirs: tuple[int, ...], ours: tuple[int, ...]) -> bool:
    rest = (theirs[0], *theirs[2:]) == (ours[0], *ours[2:])
    return rest and theirs[1] in PRETRAINED and theirs[1] != ours[1]


def described(adapted: Mapping[str, Shapes]) -> str:
    """Say in words what was adapted, and by which rule."""
    key, (theirs, ours) = next(iter(adapted.items()))
    rule = "summed" if ours[1] == 1 else f"repeated, times {theirs[1]}/{ours[1]}"
    more = f" and {len(adapted) - 1} more" if len(adapted) > 1 else ""
    return f"{key}{more} {theirs[1]} -> {ours[1]} channels ({rule})"
