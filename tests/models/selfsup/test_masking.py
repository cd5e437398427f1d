"""Tests of :mod:`mmpretrain.models.selfsup.masking`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.models.selfsup import masking
from mmpretrain.structures import DataSample


def test_the_first_patches_of_an_order_stay_visible():
    order = torch.tensor([[2, 0, 3, 1]])
    visible = masking.choose_visible(order, 0.5)
    assert visible.keep.tolist() == [[2, 0]]
    assert visible.mask.tolist() == [[0, 1, 0, 1]]
    patches = torch.arange(4.0).reshape(1, 4, 1)
    both = torch.cat([masking.take(patches, visible.keep), masking.take(patches, order[:, 2:])], dim=1)
    assert torch.equal(masking.take(both, visible.restore), patches)


def test_an_order_is_a_permutation():
    order = masking.random_order(3, 6, torch.device("cpu"))
    assert order.sort(dim=1).values.tolist() == [list(range(6))] * 3


def test_a_token_takes_the_place_of_hidden_patches():
    patches, token = torch.ones(1, 4, 2), torch.full((1, 1, 2), 7.0)
    mask = torch.tensor([[[0, 1], [0, 1]]])  # (B, h, w)
    assert masking.replace_hidden(patches, mask, token)[0, :, 0].tolist() == [1, 7, 1, 7]
    with pytest.raises(DataError, match="The masks have 3 entries, but the images 4 patches"):
        masking.replace_hidden(patches, torch.ones(1, 3), token)


@pytest.mark.parametrize(
    ("ratio", "message"),
    [(1, "at least 0 and below 1, got 1"), ("0.5", "got '0.5'"), (0.9, "leaves none of the 4 patches")],
)
def test_a_ratio_that_hides_all_is_refused(ratio, message):
    with pytest.raises(ArgumentError, match=message):
        masking.check_mask_ratio(ratio, 4)
    assert masking.check_mask_ratio(0.75, 4) == 0.75


def test_a_ratio_that_hides_nothing_leaves_nothing_to_predict():
    backbone = nn.Identity()
    masking.need_hidden(backbone)  # its masks come from the pipeline
    backbone.mask_ratio = 0
    with pytest.raises(ConfigError, match="mask_ratio=0 hides no patch"):
        masking.need_hidden(backbone)


def test_masks_of_the_pipeline():
    samples = [DataSample(mask=torch.eye(2)) for _ in range(3)]
    assert masking.stack_masks(samples).shape == (3, 2, 2)
    with pytest.raises(DataError, match="differ in size"):
        masking.stack_masks([*samples, DataSample(mask=torch.eye(3))])
    with pytest.raises(DataError, match="The samples have no mask"):
        masking.stack_masks([DataSample()])
