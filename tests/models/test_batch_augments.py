"""Tests of :mod:`mmpretrain.models.batch_augments`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.batch_augments import CutMix, Mixup, RandomBatchAugment
from mmpretrain.registry import BATCH_AUGMENTS
from tests.models.preprocess_cases import batch


def checksum(images):
    weights = torch.linspace(0, 1, images.numel(), dtype=torch.float64)
    return round(float(weights @ images.double().flatten()), 3)


AUGMENTS = {
    "mixup": dict(type="Mixup", alpha=0.8),
    "cutmix": dict(type="CutMix", alpha=1.0),
    "cutmix_minmax": dict(type="CutMix", alpha=1.0, cutmix_minmax=[0.2, 0.8]),
    "cutmix_uncorrected": dict(type="CutMix", alpha=1.0, correct_lam=False),
    "resizemix": dict(type="ResizeMix", alpha=1.0),
}

#: From mmpretrain 1.2: name and seed -> sums over row 3 of the second channel, checksum, scores[0].
# fmt: off
EXPECTED = {
    "mixup/1": [[480.6485, 601.7773, 125.0, 312.5742], 22416.317, [0.3355, 0.0, 0.0, 0.6645, 0.0]],
    "mixup/2": [[175.0, 635.0, 138.1223, 571.8776], 23383.767, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "cutmix/1": [[175.0, 635.0, 125.0, 585.0], 22658.895, [0.8, 0.0, 0.0, 0.2, 0.0]],
    "cutmix/2": [[175.0, 635.0, 125.0, 585.0], 23395.412, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "cutmix_minmax/1": [[175.0, 635.0, 125.0, 585.0], 23494.515, [0.975, 0.0, 0.0, 0.025, 0.0]],
    "cutmix_minmax/2": [[175.0, 635.0, 309.0, 401.0], 23037.039, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "cutmix_uncorrected/1": [[175.0, 635.0, 125.0, 585.0], 22658.895, [0.0004, 0.0, 0.0, 0.9996, 0.0]],
    "cutmix_uncorrected/2": [[175.0, 635.0, 125.0, 585.0], 23395.412, [1.0, 0.0, 0.0, 0.0, 0.0]],
    "resizemix/1": [[175.0, 635.0, 125.0, 585.0], 22936.838, [0.8, 0.0, 0.0, 0.2, 0.0]],
    "resizemix/2": [[175.0, 635.0, 125.0, 585.0], 23211.102, [1.0, 0.0, 0.0, 0.0, 0.0]],
}


@pytest.mark.parametrize("case", EXPECTED)
def test_batch_augments_equal_the_reference(case):
    name, seed = case.split("/")
    np.random.seed(int(seed))
    torch.manual_seed(int(seed))
    images, scores = BATCH_AUGMENTS.build(AUGMENTS[name])(*batch())
    rows, total, first = EXPECTED[case]
    assert images[:, 1, 3].sum(-1).tolist() == pytest.approx(rows, abs=1e-3)
    assert checksum(images) == pytest.approx(total, abs=0.01)
    assert scores[0].tolist() == pytest.approx(first, abs=1e-4)


def test_random_batch_augment_draws_as_the_reference():
    augment = RandomBatchAugment(
        [dict(type="Mixup", alpha=0.8), dict(type="CutMix", alpha=1.0)], probs=[0.3, 0.4]
    )
    np.random.seed(3)
    torch.manual_seed(3)
    found = [checksum(augment(*batch())[0]) for _ in range(8)]
    assert found == pytest.approx(
        [23530.5527, 23395.4119, 23395.4119, 23253.6713, 23710.4901, 23271.5328, 23025.0261, 23014.7654],
        abs=0.01,
    )


def test_random_batch_augment_applies_each_with_its_probability():
    counts = {"a": 0, "b": 0}

    def counter(name):
        def augment(images, scores):
            counts[name] += 1
            return images, scores

        return augment

    augment = RandomBatchAugment([counter("a"), counter("b")], probs=[0.2, 0.5])
    np.random.seed(0)
    images, scores = batch()
    for _ in range(3000):
        assert augment(images, scores)[1].dtype == torch.float32
    # Five standard deviations of a binomial distribution.
    assert abs(counts["a"] / 3000 - 0.2) < 0.037
    assert abs(counts["b"] / 3000 - 0.5) < 0.046


def test_given_probabilities_are_not_changed():
    probs = [0.5]
    RandomBatchAugment([Mixup(1.0)], probs)
    assert probs == [0.5]


@pytest.mark.parametrize(
    "build",
    [
        lambda: Mixup(0),
        lambda: CutMix(1.0, cutmix_minmax=[0.1]),
        lambda: RandomBatchAugment([Mixup(1.0)], probs=[0.5, 0.5]),
        lambda: RandomBatchAugment([Mixup(1.0), CutMix(1.0)], probs=[0.7, 0.5]),
    ],
)
def test_wrong_batch_augments(build):
    with pytest.raises(ConfigError):
        build()


def test_mixing_needs_one_hot_scores():
    with pytest.raises(DataError, match="num_classes"):
        Mixup(1.0)(batch()[0], torch.tensor([0, 1, 2, 3]))
