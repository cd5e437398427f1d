"""Tests of :mod:`mmpretrain.models.losses.base`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models.losses.base import ClassificationLoss
from mmpretrain.models.losses.utils import weight_reduce_loss


class Squared(ClassificationLoss):
    def compute(self, cls_score, label, weight=None, reduction="mean", avg_factor=None, power=2):
        return weight_reduce_loss((cls_score - label) ** power, weight, reduction, avg_factor)


SCORE, LABEL = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0])


def test_weight_reduction_and_arguments():
    loss = Squared(loss_weight=0.5)
    assert loss(SCORE, LABEL).item() == 2.5
    assert loss(SCORE, LABEL, reduction_override="sum").item() == 5.0
    assert loss(SCORE, LABEL, weight=torch.tensor([1.0, 0.0]), avg_factor=4).item() == 0.125
    assert loss(SCORE, LABEL, power=1).item() == 1.0
    assert repr(loss) == "Squared(reduction='mean', loss_weight=0.5)"


def test_settings_are_checked_when_it_is_built():
    with pytest.raises(ConfigError, match="reduction must be"):
        Squared(reduction="max")
    with pytest.raises(NotImplementedError, match=r"ClassificationLoss must implement compute\(\)"):
        ClassificationLoss()(SCORE, LABEL)
