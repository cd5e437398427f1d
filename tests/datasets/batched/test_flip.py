"""Mirroring of batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets import transforms
from mmpretrain.errors import ConfigError
from tests.datasets.batched.batched_cases import arrays, augment, pictures, tensor


def test_each_direction_has_its_probability():
    images = tensor(pictures(count=600, height=8, width=8))
    directions = ["horizontal", "vertical", "diagonal"]
    out, _ = augment(images, dict(type="RandomFlip", prob=[0.5, 0.1, 0.2], direction=directions))
    counts = dict.fromkeys([*directions, None], 0)
    for before, after in zip(pictures(count=600, height=8, width=8), arrays(out)):
        for direction in counts:
            flip = transforms.RandomFlip(1.0, direction or "horizontal")
            expected = flip(dict(img=before.copy()))["img"] if direction else before
            counts[direction] += np.array_equal(expected, after)
    shares = [counts[name] / 600 for name in counts]
    assert shares == pytest.approx([0.5, 0.1, 0.2, 0.2], abs=0.06)


def test_alternating_flip_shows_both_sides_in_two_epochs():
    images = tensor(pictures(count=40, height=12, width=16))
    seen = [augment(images, dict(type="AlternatingFlip"), epoch=epoch)[0] for epoch in range(4)]
    mirrored = [(out.flip(3) == images).flatten(1).all(1) for out in seen]
    assert torch.equal(mirrored[0], ~mirrored[1])
    assert torch.equal(mirrored[0], mirrored[2])
    assert torch.equal(mirrored[1], mirrored[3])
    assert 10 < int(mirrored[0].sum()) < 30


def test_mistakes():
    images = tensor(pictures(count=1))
    with pytest.raises(ConfigError, match="prob"):
        augment(images, dict(type="RandomFlip"))
    with pytest.raises(ConfigError, match="direction must be one of"):
        augment(images, dict(type="AlternatingFlip", direction="sideways"))
