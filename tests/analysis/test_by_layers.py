"""Counting by layers, as MMClassification 0.x did."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.analysis.by_layers import count_layers

CASES = {
    "convolution": (nn.Conv2d(3, 4, 3, bias=False), (3, 8, 8), 6 * 6 * 4 * 27),
    "bias": (nn.Conv2d(3, 4, 3), (3, 8, 8), 6 * 6 * 4 * 27 + 6 * 6 * 4),
    "transposed": (nn.ConvTranspose2d(3, 4, 2, stride=2, bias=False), (3, 5, 5), 25 * 3 * 4 * 4),
    "linear, whose bias counts once": (nn.Linear(6, 5), (7, 6), 7 * 6 * 5 + 5),
    "batch norm": (nn.BatchNorm2d(3), (3, 4, 4), 2 * 48),
    "norm without weights": (nn.BatchNorm2d(3, affine=False), (3, 4, 4), 48),
    "layer norm": (nn.LayerNorm(6), (7, 6), 2 * 42),
    "relu": (nn.ReLU6(), (3, 4, 4), 48),
    "another activation": (nn.GELU(), (3, 4, 4), 0),
    "pooling": (nn.AvgPool2d(2), (3, 4, 4), 48),
    "resizing": (nn.Upsample(scale_factor=2), (3, 4, 4), 3 * 64),
    "attention": (nn.MultiheadAttention(4, 1), None, 0),
}


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("case", CASES)
def test_layers(case, device):
    module, shape, expected = CASES[case]
    module = module.to(device).eval()
    inputs = (
        [torch.zeros(3, 1, 4, device=device)] * 3
        if shape is None
        else [torch.zeros(1, *shape, device=device)]
    )
    assert count_layers(module, lambda: module(*inputs))[""].flops == expected


def test_parts_and_parameters():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()), nn.Flatten(), nn.Linear(16, 2))
    costs = count_layers(model.eval(), lambda: model(torch.zeros(1, 3, 2, 2)))
    assert costs["0"].flops == 48 + 16 + 16
    assert costs[""].flops == 80 + 32 + 2
    assert (costs[""].params, costs[""].activations) == (50, 18)
    assert not model[0][0]._forward_hooks, "hooks are removed"
