"""Mixup and CutMix with a weight for each sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.datasets.batched.base import Batch
from mmpretrain.datasets.batched.mixing import BatchCutMix, BatchMixup, partners
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.batch_augments import CutMix, blend
from tests.datasets.batched.batched_cases import augment, draws, pictures, tensor


def batch(count: int = 30) -> tuple[torch.Tensor, torch.Tensor]:
    return tensor(pictures(count=count, height=16, width=20)).float(), torch.eye(count)


def test_partners_are_other_samples():
    for count in (2, 3, 31):
        found = partners(draws(count))
        assert sorted(found) == list(range(count))
        assert (found != np.arange(count)).all()
    assert partners(draws(1)).tolist() == [0]


def test_mixup_blends_as_the_augmentation_of_1x():
    images, scores = batch()
    mixed, labels = augment(images, dict(type="Mixup", alpha=0.8), scores=scores)
    for number in range(30):
        weight = float(labels[number, number])
        partner = labels[number].clone().index_fill(0, torch.tensor(number), 0).argmax()
        order = torch.arange(30).index_fill(0, torch.tensor(number), int(partner))
        assert torch.allclose(mixed[number], blend(images, order, weight)[number], atol=1e-3)
    assert len(set(labels.diagonal().tolist())) == 30
    assert torch.allclose(labels.sum(1), torch.ones(30))


def test_weights_have_the_distribution_of_alpha():
    _, weights = BatchMixup(0.4).shares(torch.zeros(4000, 1, 1, 1), draws(4000))
    numpy = np.random.default_rng(0).beta(0.4, 0.4, 4000)
    for quantile in (0.1, 0.3, 0.7, 0.9):
        assert np.quantile(weights, quantile) == pytest.approx(np.quantile(numpy, quantile), abs=0.05)


def test_cutmix_labels_have_the_share_of_the_pixels():
    images = torch.arange(30.0).view(30, 1, 1, 1).expand(30, 1, 16, 20)
    mixed, labels = augment(images, dict(type="CutMix", alpha=1.0), scores=torch.eye(30))
    for number in range(30):
        share = float((mixed[number] == number).float().mean())
        assert float(labels[number, number]) == pytest.approx(share, abs=1e-6)
        assert len(mixed[number].unique()) <= 2


def test_boxes_are_distributed_as_those_of_1x():
    for minmax in (None, (0.2, 0.6)):
        ours = BatchCutMix(1.0, minmax).boxes(32, 48, np.full(3000, 0.7), draws(3000))
        np.random.seed(0)
        theirs = np.array([CutMix(1.0, minmax).cutmix_bbox_and_lam((32, 48), 0.7)[0] for _ in range(3000)])
        tops, bottoms = ours[:, 0], ours[:, 0] + ours[:, 2]
        for mine, column in ((tops, 0), (bottoms, 1), (ours[:, 1], 2)):
            for quantile in (0.1, 0.5, 0.9):
                expected = np.quantile(theirs[:, column], quantile)
                assert np.quantile(mine, quantile) == pytest.approx(expected, abs=1.5)


def test_one_of_several_for_each_image():
    images, scores = batch(400)
    choices = [dict(type="Mixup", alpha=0.8), dict(type="CutMix", alpha=1.0)]
    mixed, labels = augment(images, dict(type="OneOf", choices=choices, probs=[0.3, 0.5]), scores=scores)
    same = (mixed == images).flatten(1)
    untouched = same.all(1)
    assert untouched.float().mean() == pytest.approx(0.2, abs=0.1)
    assert torch.equal(labels[untouched], scores[untouched])
    blended = same.float().mean(1) < 0.02
    assert blended.float().mean() == pytest.approx(0.3, abs=0.12)


def test_mistakes():
    images, _ = batch(2)
    for alpha in (0, -1, float("inf"), "1", True):
        with pytest.raises(ConfigError, match="alpha must be a positive"):
            BatchMixup(alpha)
    with pytest.raises(ConfigError, match="prob"):
        BatchMixup(1.0, prob=3)
    with pytest.raises(ConfigError, match="probs needs a number for each of 1"):
        augment(images, dict(type="OneOf", choices=[dict(type="Mixup", alpha=1.0)], probs=[0.5, 0.5]))
    with pytest.raises(ConfigError, match=r"choices takes Mixup and CutMix, got \['BatchRandomFlip'\]"):
        augment(images, dict(type="OneOf", choices=[dict(type="RandomFlip", prob=1.0)]))
    with pytest.raises(DataError, match="the samples have none"):
        augment(images, dict(type="Mixup", alpha=1.0))
    with pytest.raises(ConfigError, match="need one-hot labels"):
        BatchMixup(1.0)(Batch(images, draws(2), np.arange(2), np.zeros(2)))
    for transform in (BatchMixup(1.0), BatchCutMix(1.0)):
        with pytest.raises(ConfigError, match="mixes labels, too"):
            transform.apply(images, draws(2))
