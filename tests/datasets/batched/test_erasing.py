"""Random erasing of batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets.batched.erasing import BatchRandomErasing
from mmpretrain.errors import ConfigError, TransformError
from tests.datasets.batched.batched_cases import augment, draws, pictures, tensor

ERASE = dict(type="RandomErasing", erase_prob=1.0)


def test_boxes_are_distributed_as_in_the_pipeline():
    transform = BatchRandomErasing(1.0, 0.05, 0.3)
    ours = transform.boxes(40, 60, draws(3000))
    np.random.seed(0)
    theirs = np.array([transform.sibling.random_patch(40, 60) for _ in range(3000)])
    for column in range(4):
        for quantile in (0.1, 0.5, 0.9):
            pair = (np.quantile(boxes[:, column], quantile) for boxes in (ours, theirs))
            assert next(pair) == pytest.approx(next(pair), abs=2.5)


@pytest.mark.parametrize("channels", [1, 3, 7])
def test_a_box_gets_the_colour_and_the_rest_stays(channels):
    images = tensor(pictures(channels=channels))
    out, _ = augment(images, dict(ERASE, fill_color=300.7 if channels == 1 else 77))
    changed = out != images.float()
    for image, mask in zip(out, changed):
        rows, columns = mask.any(0).any(1).nonzero(), mask.any(0).any(0).nonzero()
        box = image[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert len(box.unique()) == 1


def test_half_of_the_images_are_erased():
    images = torch.zeros(400, 1, 8, 8)
    out, _ = augment(images, dict(ERASE, erase_prob=0.5))
    assert out.flatten(1).any(1).float().mean() == pytest.approx(0.5, abs=0.1)


def test_noise():
    images = torch.full((30, 3, 40, 40), -0.0)
    settings = dict(ERASE, min_area_ratio=0.9, max_area_ratio=1.0, aspect_range=(1.0, 1.0), mode="rand")
    uniform = augment(images, settings)[0][:, :, 5:35, 5:35]
    assert float(uniform.mean()) == pytest.approx(127.5, abs=2)
    assert 0 <= uniform.min() <= uniform.max() <= 255
    normal = augment(images, dict(settings, fill_color=(90, 120, 150), fill_std=20))[0][:, :, 5:35, 5:35]
    assert normal.mean((0, 2, 3)).tolist() == pytest.approx([89.5, 119.5, 149.5], abs=1)
    assert float(normal[:, 0].std()) == pytest.approx(20, abs=1)
    assert len(normal[0].unique()) > 50


def test_mistakes():
    with pytest.raises(ConfigError, match="erase_prob"):
        BatchRandomErasing(2.0)
    with pytest.raises(TransformError, match="fill_color has 3 different values"):
        augment(torch.zeros(1, 5, 8, 8), dict(ERASE, fill_color=(1, 2, 3)))
