"""Tests of :mod:`mmpretrain.models.layers.conv`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.models.layers import (
    ConvAWS2d,
    ConvModule,
    DepthwiseSeparableConvModule,
    build_conv_layer,
)


@pytest.mark.parametrize(("size", "kernel", "stride", "dilation"), [(7, 3, 2, 1), (8, 5, 2, 1), (9, 3, 1, 2)])
def test_same_padding_of_tensorflow(size, kernel, stride, dilation):
    conv = build_conv_layer(
        dict(type="Conv2dAdaptivePadding"), 3, 2, kernel, stride=stride, padding=9, dilation=dilation
    )
    image = torch.rand(1, 3, size, size + 1)
    out = conv(image)
    assert out.shape == (1, 2, -(-size // stride), -(-(size + 1) // stride))
    # The odd pixel of padding is on the right and at the bottom.
    reach = (kernel - 1) * dilation + 1
    pads = [max((-(-n // stride) - 1) * stride + reach - n, 0) for n in (size + 1, size)]
    padded = F.pad(image, [pads[0] // 2, pads[0] - pads[0] // 2, pads[1] // 2, pads[1] - pads[1] // 2])
    torch.testing.assert_close(out, F.conv2d(padded, conv.weight, conv.bias, stride, 0, dilation))


def test_weight_standardisation(x):
    conv = build_conv_layer(dict(type="ConvWS"), 4, 3, 3)
    flat = conv.weight.flatten(1)
    kernel = ((flat - flat.mean(1, keepdim=True)) / (flat.std(1, keepdim=True) + 1e-5)).view_as(conv.weight)
    torch.testing.assert_close(conv(x), F.conv2d(x, kernel, conv.bias))


def test_depthwise_separable(x):
    module = DepthwiseSeparableConvModule(4, 6, 3, padding=1, norm_cfg=dict(type="BN"), pw_act_cfg=None)
    assert module(x).shape == (2, 6, 7, 7)
    assert module.depthwise_conv.groups == 4
    assert module.depthwise_conv.with_activation
    assert not module.pointwise_conv.with_activation


def test_adaptive_standardisation_computes_the_same_with_weights_of_an_ordinary_convolution():
    plain = nn.Conv2d(4, 6, 3)
    layer = build_conv_layer(dict(type="ConvAWS"), 4, 6, 3)
    assert isinstance(layer, ConvAWS2d)
    layer.load_state_dict(plain.state_dict())
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(layer(x), plain(x))
    again = ConvAWS2d(4, 6, 3)
    again.load_state_dict(layer.state_dict())
    torch.testing.assert_close(again(x), plain(x))
    assert ConvModule(4, 6, 3, conv_cfg=dict(type="ConvAWS")).conv.weight_gamma.shape == (6, 1, 1, 1)
