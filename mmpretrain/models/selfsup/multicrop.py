"""Crops of several sizes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor


def by_size(crops: Sequence[Tensor]) -> list[Tensor]:
    """Put neighbours of one size together: crops (B, C, H, W) become batches (n * B, C, H, W)."""
    return [torch.cat(list(same)) for _, same in groupby(crops, key=lambda crop: crop.shape[2:])]
