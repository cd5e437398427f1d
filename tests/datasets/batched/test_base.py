"""Tests of :mod:`mmpretrain.datasets.batched.base`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets.batched.base import Batch, ByteTransform, chosen, column, on_part, part_of

IMAGES = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 1, 2, 2)


def test_a_part_of_a_batch():
    indices = np.array([2, 0])
    part = part_of(IMAGES, indices)
    assert part[:, 0, 0, 0].tolist() == [2, 0]
    assert on_part(indices, IMAGES, part + 10)[:, 0, 0, 0].tolist() == [10, 1, 12]


def test_a_choice_of_images():
    changed = chosen(np.array([True, False, True]), IMAGES + 10, IMAGES)
    assert changed[:, 0, 1, 1].tolist() == [10, 1, 12]


def test_values_broadcast():
    assert (IMAGES * column([2, 3, 4], IMAGES))[:, 0, 0, 0].tolist() == [0, 3, 8]


def test_some_transforms_are_for_8_bits():
    class BatchInvert(ByteTransform):
        def apply(self, images, draws):
            return 255 - images

    batch = Batch(IMAGES, None, np.arange(3), np.zeros(3))
    BatchInvert()(batch)
    assert batch.images[1, 0, 0, 0] == 254
    batch.is_8_bit = False
    with pytest.raises(Exception, match="Invert of batch_transforms takes images of 8 bits"):
        BatchInvert()(batch)
