"""Tests of :mod:`mmpretrain.models.layers.activation`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.models.layers import build_activation_layer
from mmpretrain.models.layers.activation import PixelShufflePack

X = torch.linspace(-4, 4, 9)


@pytest.mark.parametrize(
    ("cfg", "expected"),
    [
        (dict(type="Clip", min=-2, max=1), X.clamp(-2, 1)),
        (dict(type="Clamp"), X.clamp(-1, 1)),
        (dict(type="HSigmoid"), nn.functional.hardsigmoid(X)),
        (dict(type="HSigmoid", bias=1.0, divisor=2.0), ((X + 1) / 2).clamp(0, 1)),
        (dict(type="Swish"), X * X.sigmoid()),
        (dict(type="QuickGELU"), X * (1.702 * X).sigmoid()),
    ],
    ids=str,
)
def test_values(cfg, expected):
    torch.testing.assert_close(build_activation_layer(cfg)(X), expected)


def test_a_divisor_of_zero_is_refused():
    with pytest.raises(ValueError, match="divisor must not be 0"):
        build_activation_layer(dict(type="HSigmoid", divisor=0))


def test_pixel_shuffle_enlarges():
    layer = PixelShufflePack(3, 2, scale_factor=2, upsample_kernel=3)
    x = torch.randn(1, 3, 4, 5)
    assert layer(x).shape == (1, 2, 8, 10)
    assert torch.equal(layer(x)[0, 0, 0, :2], layer.upsample_conv(x)[0, :2, 0, 0])
