"""Outputs of a model that is imagined: features of classes apart, logits that are too large."""

from __future__ import annotations

import torch

from mmpretrain.uncertainty.evidence import Evidence
from mmpretrain.uncertainty.outputs import Outputs


def outputs(count: int = 900, classes: int = 4, size: int = 6, seed: int = 0) -> Outputs:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(classes, size, generator=torch.Generator().manual_seed(9))
    labels = torch.arange(count) % classes
    features = centres[labels] + torch.randn(count, size, generator=generator)
    logits = 3 * -(torch.cdist(features, centres) ** 2) / 2
    far = 6 * torch.randn(count, size, generator=generator)
    known = Evidence(logits, features, (features[:, :3], 2 * features[:, 2:]))
    spoilt = Evidence(-(torch.cdist(far, centres) ** 2), far, (far[:, :3], 2 * far[:, 2:]))
    return Outputs(logits, labels, known, torch.arange(count), spoilt)


def values(count: int = 900, size: int = 6, seed: int = 0, uneven: bool = True) -> Outputs:
    """Two numbers for each image; if uneven, the first feature tells how far they stray."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(count, size, generator=generator)
    predicted = features[:, 1:3] * 10
    spread = features[:, :1].exp() if uneven else torch.ones(count, 1)
    right = predicted + spread * torch.randn(count, 2, generator=generator)
    far = 6 * torch.randn(count, size, generator=generator)
    known = Evidence(predicted, features, (features[:, :3],))
    spoilt = Evidence(far[:, 1:3] * 10, far, (far[:, :3],))
    return Outputs(predicted, right, known, torch.arange(count), spoilt)
