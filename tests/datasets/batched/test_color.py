"""Random colours of batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets import transforms
from mmpretrain.datasets.batched.color import BatchColorJitter
from mmpretrain.errors import ConfigError, TransformError
from tests.datasets.batched.batched_cases import apart, arrays, augment, draws, pictures, tensor

JITTER = dict(brightness=0.4, contrast=(0.7, 1.5), saturation=0.5, hue=0.2)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_jitter_gives_the_pixels_of_the_pipeline(channels, monkeypatch):
    images = pictures(count=12, channels=channels)
    ours = BatchColorJitter(**JITTER).apply(tensor(images).float(), draws(12))
    source, sibling = draws(12), transforms.ColorJitter(**JITTER)
    orders = source.permutations(4)
    ranges = (sibling.brightness, sibling.contrast, sibling.saturation, sibling.hue)
    strengths = np.stack([source.uniform(*bounds) for bounds in ranges])
    theirs = []
    for number, image in enumerate(images):
        drawn = [(int(index), float(strengths[index, number])) for index in orders[number]]
        monkeypatch.setattr(sibling, "_rand_params", lambda drawn=drawn: drawn)
        theirs.append(sibling(dict(img=image.copy()))["img"].reshape(image.shape))
    difference = np.abs(arrays(ours) - np.stack(theirs))
    assert difference.mean() < 0.05
    assert (difference > 1).mean() < 0.01
    assert difference.max() <= 20  # a value that hue turned into the next of 255 steps


def test_orders_and_strengths_vary():
    orders = {tuple(order) for order in draws(500).permutations(4)}
    assert len(orders) == 24
    flat = torch.full((300, 3, 2, 2), 100.0)
    out = BatchColorJitter(brightness=0.5).apply(flat, draws(300))[:, 0, 0, 0]
    assert out.min() >= 50
    assert out.max() <= 150
    assert out.mean() == pytest.approx(100, abs=5)
    assert BatchColorJitter().apply(flat, draws(300)) is flat


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_images(channels):
    images = pictures(count=80, channels=channels)
    weights = (0.114, 0.587, 0.299, 0.0)[:channels] if channels > 1 else (1.0, 1.0, 1.0)
    out = arrays(augment(tensor(images), dict(type="RandomGrayscale", prob=0.4, channel_weights=weights))[0])
    grey = transforms.RandomGrayscale(1.0, keep_channels=True, channel_weights=weights)
    share = 0
    for before, after in zip(images, out):
        made = grey(dict(img=before.copy()))["img"].reshape(before.shape)
        assert np.array_equal(after, before) or apart(after, made)[0] <= 1
        share += not np.array_equal(after, before)
    assert share / 80 == pytest.approx(0.0 if channels == 1 else 0.4, abs=0.15)


def test_mistakes():
    with pytest.raises(ConfigError, match="brightness must not be negative"):
        BatchColorJitter(brightness=-1)
    with pytest.raises(TransformError, match="ColorJitter of batch_transforms takes images of 8 bits"):
        augment(torch.zeros(1, 3, 8, 8, dtype=torch.int32), dict(type="ColorJitter", brightness=0.1))
    with pytest.raises(TransformError, match="channel_weights needs 5 numbers"):
        augment(torch.zeros(1, 5, 8, 8), dict(type="RandomGrayscale", prob=1.0))
