"""Resizing of boxes, against the functions of the pipeline."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets.batched.resample import FILTERS, resize_boxes, weights
from mmpretrain.datasets.transforms.functional import geometry
from tests.datasets.batched.batched_cases import apart, arrays, pictures, tensor

BOXES = [(3, 5, 30, 40), (0, 0, 48, 56), (10, 11, 7, 9), (20, 1, 28, 33), (5, 5, 12, 40), (1, 2, 1, 50)]
#: Largest difference by back end and interpolation: both round, Pillow twice.
WITHIN = {("cv2", "bilinear"): 1, ("cv2", "bicubic"): 1, ("pillow", "bilinear"): 1, ("pillow", "bicubic"): 2}


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_boxes_are_resized_as_in_the_pipeline(backend, interpolation, channels):
    if backend == "pillow" and channels == 5:
        pytest.skip("Pillow has no images of five channels")
    images = pictures(channels=channels)
    ours = resize_boxes(tensor(images).float(), torch.tensor(BOXES), (24, 32), interpolation, backend)
    theirs = [
        geometry.imresize(
            np.ascontiguousarray(image[top : top + height, left : left + width]),
            (32, 24),
            interpolation,
            backend,
        ).reshape(24, 32, channels)
        for image, (top, left, height, width) in zip(images, BOXES)
    ]
    largest, unequal = apart(arrays(ours.clamp(0, 255).round()), np.stack(theirs))
    assert largest <= WITHIN.get((backend, interpolation), 0)
    assert unequal < 0.25


@pytest.mark.parametrize("kind", FILTERS.values(), ids=map(str, FILTERS))
def test_weights_stay_in_the_box_and_sum_to_one(kind):
    found = weights(torch.tensor([2, 5]), torch.tensor([7, 20]), 11, 30, kind)
    assert torch.allclose(found.sum(-1), torch.ones(2, 11), atol=1e-5)
    assert not found[0, :, :2].any()
    assert not found[0, :, 9:].any()
