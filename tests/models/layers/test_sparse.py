"""Layers that compute only where an image is visible."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from mmpretrain.models.backbones import ConvNeXt, ResNet, SparseConvNeXt, SparseResNet
from mmpretrain.models.layers.sparse import ActiveMap, SparseBatchNorm2d, hidden

MASK = torch.tensor([[[[1, 0], [0, 1]]], [[[0, 1], [1, 1]]]])
SMALL = {"depth": 18, "stem_channels": 8, "base_channels": 4}
TINY = {"depths": [1, 1, 1, 1], "channels": [8, 8, 16, 16]}


def sparse_models():
    torch.manual_seed(0)
    resnet = SparseResNet(**SMALL, out_indices=(0, 1, 2, 3))
    convnext = SparseConvNeXt(TINY, out_indices=(0, 1, 2, 3), gap_before_output=False, use_grn=True)
    return [resnet, convnext]


@pytest.mark.parametrize("number", [0, 1])
def test_hidden_parts_stay_zero_and_change_nothing(number):
    model = sparse_models()[number].eval()
    x = torch.rand(2, 3, 64, 64)
    other = torch.where(MASK.bool().repeat_interleave(32, 2).repeat_interleave(32, 3), x, torch.rand_like(x))
    with model.masked(MASK):
        outs = model(x)
    for out in outs:
        scale = out.shape[-1] // 2
        visible = MASK.bool().repeat_interleave(scale, 2).repeat_interleave(scale, 3)
        assert not out.masked_select(~visible).any()
        assert out.masked_select(visible).any()
    if number == 1:  # its stem does not look beyond the border of a visible part
        with model.masked(MASK):
            torch.testing.assert_close(model(other), outs)


@pytest.mark.parametrize("number", [0, 1])
def test_without_a_mask_it_is_the_usual_network(number):
    model = sparse_models()[number]
    usual = [
        ResNet(**SMALL, out_indices=(0, 1, 2, 3)),
        ConvNeXt(TINY, out_indices=(0, 1, 2, 3), gap_before_final_norm=False, use_grn=True),
    ][number]
    usual.load_state_dict(model.state_dict(), strict=number == 0)
    for i in range(4 * number):
        setattr(usual, f"norm{i}", nn.Identity())
    x = torch.rand(2, 3, 64, 64)
    with model.masked(MASK):
        model(x)  # leaves no trace, as the mask is no global
    model.load_state_dict(usual.state_dict())
    for a, b in zip(copy.deepcopy(model).eval()(x), usual.eval()(x)):
        torch.testing.assert_close(a, b)


def test_statistics_are_those_of_what_is_visible():
    norm, active = SparseBatchNorm2d(3), ActiveMap()
    norm.active = active
    x = torch.rand(2, 3, 4, 4)
    with hidden(active, MASK):
        out = norm(x)
    visible = MASK.squeeze(1).bool().repeat_interleave(2, 1).repeat_interleave(2, 2)
    seen = x.permute(0, 2, 3, 1)[visible]
    torch.testing.assert_close(norm.running_mean, 0.1 * seen.mean(0))
    torch.testing.assert_close(out.permute(0, 2, 3, 1)[visible].mean(0), torch.zeros(3), atol=1e-6, rtol=0)
    assert active.mask is None
