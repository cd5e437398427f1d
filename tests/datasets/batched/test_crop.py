"""Random crops of batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched.crop import BatchRandomResizedCrop
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.errors import ConfigError, TransformError
from tests.datasets.batched.batched_cases import apart, arrays, augment, draws, pictures, tensor


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_resized_crops_are_those_of_the_pipeline(backend, monkeypatch):
    images = pictures(count=16)
    transform = BatchRandomResizedCrop((20, 30), interpolation="bicubic", backend=backend)
    ours = transform.apply(tensor(images).float(), draws(16))
    sibling = transform.sibling
    theirs = []
    for image, box in zip(images, transform.boxes(48, 56, draws(16))):
        monkeypatch.setattr(sibling, "rand_crop_params", lambda img, box=box: tuple(box.tolist()))
        theirs.append(sibling(dict(img=image.copy()))["img"])
    assert ours.shape == (16, 3, 20, 30)
    largest, unequal = apart(arrays(ours), np.stack(theirs))
    assert largest <= 2
    assert unequal < 0.25


def test_boxes_are_distributed_as_in_the_pipeline():
    transform = BatchRandomResizedCrop(8, crop_ratio_range=(0.2, 0.9))
    ours = transform.boxes(60, 100, draws(4000))
    np.random.seed(0)
    theirs = np.array([transform.sibling.rand_crop_params(np.empty((60, 100))) for _ in range(4000)])
    for column in range(4):
        for quantile in (0.1, 0.5, 0.9):
            pair = (np.quantile(boxes[:, column], quantile) for boxes in (ours, theirs))
            assert next(pair) == pytest.approx(next(pair), abs=2.5)
    assert (ours[:, 0] + ours[:, 2]).max() <= 60
    assert (ours[:, 1] + ours[:, 3]).max() <= 100


def test_a_central_box_if_no_draw_fits():
    for attempts in (0, 3):
        transform = BatchRandomResizedCrop(8, (1.0, 1.0), (1.0, 1.0), max_attempts=attempts)
        assert transform.boxes(20, 30, draws(2)).tolist() == [[0, 5, 20, 20]] * 2


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect"])
def test_padded_crops_are_those_of_the_pipeline(mode):
    images = pictures(count=60, height=12, width=12)
    out, _ = augment(tensor(images), dict(type="RandomCrop", crop_size=12, padding=2, padding_mode=mode))
    seen = set()
    for image, after in zip(images, arrays(out)):
        padded = geometry.impad(image, (2, 2, 2, 2), 0, mode)
        places = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if np.array_equal(padded[y : y + 12, x : x + 12], after)
        ]
        assert places
        seen.update(places)
    assert len(seen) > 20


def test_crops_without_padding():
    images = torch.arange(8.0).view(1, 1, 1, 8).expand(50, 1, 8, 8)
    out, _ = augment(images, dict(type="RandomCrop", crop_size=(8, 5)))
    assert sorted(set(out[:, 0, 0, 0].tolist())) == [0, 1, 2, 3]


def test_mistakes():
    with pytest.raises(ConfigError, match="interpolation must be one of 'nearest', 'bilinear', 'bicubic'"):
        BatchRandomResizedCrop(8, interpolation="area")
    with pytest.raises(TransformError, match="cuts 9 x 9 pixels out of images of 8 x 8"):
        augment(torch.zeros(1, 3, 8, 8), dict(type="RandomCrop", crop_size=9))
    assert transforms.RandomResizedCrop(8).interpolation == "bilinear"
