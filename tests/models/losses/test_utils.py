"""Tests of :mod:`mmpretrain.models.losses.utils`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models.losses import utils

LOSS = torch.tensor([[1.0, 2.0], [3.0, 6.0]])


def test_weights_and_reductions():
    weight = torch.tensor([[1.0], [0.5]])
    assert utils.weight_reduce_loss(LOSS).item() == 3.0
    assert utils.weight_reduce_loss(LOSS, weight, "sum").item() == 7.5
    assert utils.weight_reduce_loss(LOSS, weight, "none").tolist() == [[1.0, 2.0], [1.5, 3.0]]
    assert utils.weight_reduce_loss(LOSS, weight, avg_factor=3).item() == 2.5
    with pytest.raises(ConfigError, match="avg_factor has no meaning for reduction='sum'"):
        utils.weight_reduce_loss(LOSS, reduction="sum", avg_factor=2)


def test_an_elementwise_loss_gets_the_usual_arguments():
    @utils.weighted_loss
    def l1(pred, target, scale=1.0):
        return scale * (pred - target).abs()

    pred, target = torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0])
    assert l1(pred, target).item() == 1.5
    assert l1(pred, target, reduction="sum", scale=2.0).item() == 6.0
    assert l1(pred, target, torch.tensor([1.0, 0.0]), avg_factor=4.0).item() == 0.25


def test_one_hot_rows():
    assert utils.convert_to_one_hot(torch.tensor([[2], [0]]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    soft = torch.tensor([[0.25, 0.75]])
    assert utils.one_number_per_class(soft, 2) is soft
    assert utils.one_number_per_class(torch.tensor([1]), 2).tolist() == [[0, 1]]
    with pytest.raises(
        ConfigError, match=r"There are 3 logits per sample, but the labels have shape \(1, 2\)"
    ):
        utils.one_number_per_class(soft, 3)


def test_the_weight_of_a_sample_broadcasts():
    weight = utils.sample_weight(torch.tensor([1, 2]), torch.zeros(2, 3, 4))
    assert (weight.shape, weight.dtype) == ((2, 1, 1), torch.float32)
    assert utils.sample_weight(None, LOSS) is None


@pytest.mark.parametrize(
    "check", [lambda: utils.check_reduction("avg"), lambda: utils.check_weight(float("nan"))]
)
def test_settings_that_make_no_loss(check):
    with pytest.raises(ConfigError):
        check()
