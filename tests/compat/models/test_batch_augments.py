"""Tests of :mod:`mmpretrain.compat.models.batch_augments`."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.config.validate import validate
from tests.compat.v0.cases import load


@pytest.mark.parametrize(("prob", "mixed"), [(1.0, True), (0.0, False)])
def test_the_zoo_has_an_augmentation_of_0x(prob, mixed):
    """``resnet50_8xb32-cutmix_in1k`` names ``BatchCutMix``; its values stay as they were in 1.x."""
    import torch

    from mmpretrain.registry import BATCH_AUGMENTS

    cfg = load("_base_ = 'mmpretrain::resnet/resnet50_8xb32-cutmix_in1k.py'\n")
    assert validate(cfg, files=False) == []
    torch.manual_seed(0)
    np.random.seed(0)
    augment = BATCH_AUGMENTS.build(dict(type="BatchCutMix", alpha=1.0, num_classes=4, prob=prob))
    scores = augment(torch.rand(4, 3, 8, 8), torch.eye(4))[1]
    assert (not torch.equal(scores, torch.eye(4))) is mixed
