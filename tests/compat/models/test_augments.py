"""Batch augmentations under their names of 0.x, as copied classifiers call them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmcls.models.utils import Augments

from mmpretrain.errors import ConfigError

IMAGES, LABELS = torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 1])


def test_one_of_several():
    np.random.seed(0)
    augments = Augments(
        [
            dict(type="BatchMixup", alpha=0.8, num_classes=3, prob=0.5),
            dict(type="BatchCutMix", alpha=1.0, num_classes=3, prob=0.3),
        ]
    )
    assert augments.augment_probs == pytest.approx([0.5, 0.3, 0.2])
    kinds = set()
    for _ in range(20):
        images, scores = augments(IMAGES.clone(), LABELS)
        assert scores.shape == (4, 3)
        assert torch.allclose(scores.sum(1), torch.ones(4))
        kinds.add(torch.equal(images, IMAGES))
    assert kinds == {True, False}


def test_identity_and_mistakes():
    images, scores = Augments(dict(type="Identity", num_classes=3, prob=1.0))(IMAGES, LABELS)
    assert images is IMAGES
    assert scores.argmax(1).tolist() == LABELS.tolist()
    with pytest.raises(ConfigError, match="There is no augmentation 'Mixup'"):
        Augments([dict(type="Mixup", alpha=1)])
    with pytest.raises(ConfigError, match=r"add up to 1\.5"):
        Augments([dict(type="BatchMixup", alpha=1, num_classes=2, prob=0.75)] * 2)
