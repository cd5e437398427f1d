"""Tests of :mod:`mmpretrain.models.layers.layer_norm`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.layers import (
    GRN,
    LayerNorm2d,
)


@pytest.mark.parametrize("layer", [GRN(6), LayerNorm2d(6)])
def test_channels_first_and_last(layer):
    for parameter in layer.parameters():
        torch.nn.init.uniform_(parameter)
    x = torch.rand(2, 6, 4, 5)
    last = layer(x.permute(0, 2, 3, 1), data_format="channel_last")
    torch.testing.assert_close(layer(x), last.permute(0, 3, 1, 2))


def test_grn_by_definition():
    layer, x = GRN(6), torch.rand(2, 6, 4, 5)
    torch.testing.assert_close(layer(x), x)
    torch.nn.init.constant_(layer.gamma, 2)
    norm = x.square().sum((2, 3), keepdim=True).sqrt()
    torch.testing.assert_close(layer(x), 2 * x * norm / norm.mean(1, keepdim=True) + x)
