"""Tests of :mod:`mmpretrain.models.layers.build`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.errors import ConfigError, NotRegisteredError
from mmpretrain.models.layers import (
    build_activation_layer,
    build_conv_layer,
    build_norm_layer,
    build_padding_layer,
    build_plugin_layer,
    build_upsample_layer,
    is_norm,
    make_norm,
)
from mmpretrain.registry import MODELS


@pytest.mark.parametrize(("kind", "name"), [
    ("BN", "bn1"), ("BN1d", "bn1"), ("SyncBN", "bn1"), ("IN", "in1"), ("LN", "ln1"), ("LN2d", "ln1"),
    (nn.BatchNorm3d, "bn1"),
])  # fmt: skip
def test_norms_are_named_after_their_kind(kind, name):
    found, norm = build_norm_layer(dict(type=kind, requires_grad=False), 4, postfix=1)
    assert found == name
    assert norm.eps == 1e-5
    assert not any(p.requires_grad for p in norm.parameters())


def test_more_norms():
    name, norm = build_norm_layer(dict(type="GN", num_groups=2, eps=1e-3), 4, postfix="_a")
    assert (name, norm.num_channels, norm.eps) == ("gn_a", 4, 1e-3)
    assert is_norm(norm)
    assert not is_norm(norm, exclude=nn.GroupNorm)
    assert isinstance(make_norm(dict(type="BN"), 4), nn.BatchNorm2d)

    @MODELS.register_module()
    class MyInstanceThing(nn.Identity):
        def __init__(self, channels, eps):
            super().__init__()

    @MODELS.register_module()
    class MyScale(MyInstanceThing):
        _abbr_ = "scale"

    class Odd(MyInstanceThing): ...

    assert build_norm_layer(dict(type="MyInstanceThing"), 4)[0] == "in"
    assert build_norm_layer(dict(type="MyScale"), 4)[0] == "scale"
    assert build_norm_layer(dict(type=Odd), 4)[0] == "norm_layer"


def test_builders(x):
    assert type(build_conv_layer(None, 4, 8, 3, padding=1)) is nn.Conv2d
    assert type(build_conv_layer(dict(type="Conv1d"), 4, 8, 3)) is nn.Conv1d
    assert build_conv_layer(dict(type="Conv", dilation=2), 4, 8, 3).dilation == (2, 2)
    for kind in ("ReLU", "LeakyReLU", "PReLU", "RReLU", "ReLU6", "ELU", "Sigmoid", "Tanh", "SiLU", "GELU",
                 "HSwish", "HSigmoid", "Swish", "Clip", "Clamp"):  # fmt: skip
        assert build_activation_layer(dict(type=kind))(x).shape == x.shape
    assert build_padding_layer(dict(type="reflect"), 2)(x).shape == (2, 4, 11, 11)
    assert build_upsample_layer(dict(type="nearest", scale_factor=2))(x).shape == (2, 4, 14, 14)
    up = build_upsample_layer(dict(type="bilinear", scale_factor=2, align_corners=False))
    torch.testing.assert_close(up(x), F.interpolate(x, scale_factor=2, mode="bilinear"))
    shuffle = dict(type="pixel_shuffle", in_channels=4, out_channels=2, scale_factor=2, upsample_kernel=3)
    assert build_upsample_layer(shuffle)(x).shape == (2, 2, 14, 14)
    deconv = dict(type="deconv", in_channels=4, out_channels=2, kernel_size=2, stride=2)
    assert build_upsample_layer(deconv)(x).shape == (2, 2, 14, 14)
    assert build_plugin_layer(dict(type="ConvModule"), "_a", in_channels=4, out_channels=4, kernel_size=1)[
        0
    ] == ("conv_block_a")
    assert build_plugin_layer(dict(type="HSwish"))[0] == "hardswish"


def test_builders_say_what_is_wrong():
    with pytest.raises(TypeError, match="must be a dict"):
        build_norm_layer("BN", 4)
    with pytest.raises(ConfigError, match="'type'"):
        build_padding_layer(dict(padding=1))
    with pytest.raises(NotRegisteredError, match="BNN"):
        build_norm_layer(dict(type="BNN"), 4)
