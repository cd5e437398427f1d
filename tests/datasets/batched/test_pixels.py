"""Tests of :mod:`mmpretrain.datasets.batched.pixels`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets.batched import pixels
from mmpretrain.datasets.transforms.functional import color

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 6, 5)).astype(np.float32))
FACTORS = torch.tensor([0.4, 1.6]).view(2, 1, 1, 1)


def one_by_one(function):
    """What a function of a pipeline makes of each image."""
    images = IMAGES.permute(0, 2, 3, 1).numpy().astype(np.uint8)
    changed = [function(image, factor) for image, factor in zip(images, (0.4, 1.6))]
    return torch.from_numpy(np.stack(changed)).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize(
    ("batched", "single"),
    [
        (pixels.brightness, color.adjust_brightness),
        (pixels.contrast, color.adjust_contrast),
        (pixels.saturation, color.adjust_color),
        (pixels.sharpness, color.adjust_sharpness),
    ],
)
def test_blends_are_those_of_a_pipeline(batched, single):
    result = batched(IMAGES.clone(), FACTORS)
    assert (result - one_by_one(single)).abs().max() <= 1
    assert torch.equal(result, result.round())


def test_each_image_has_its_strength():
    thresholds = torch.tensor([0.0, 256.0]).view(2, 1, 1, 1)
    solarized = pixels.solarize(IMAGES.clone(), thresholds)
    assert torch.equal(solarized[0], 255 - IMAGES[0])
    assert torch.equal(solarized[1], IMAGES[1])
    assert torch.equal(pixels.invert(IMAGES.clone()), 255 - IMAGES)
