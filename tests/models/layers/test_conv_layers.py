"""Layers from configs, ConvModule, and the other blocks of CNNs."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.errors import ConfigError, NotRegisteredError
from mmpretrain.models.layers import (
    ConvModule,
    DepthwiseSeparableConvModule,
    InvertedResidual,
    SELayer,
    build_activation_layer,
    build_conv_layer,
    build_norm_layer,
    build_padding_layer,
    build_plugin_layer,
    build_upsample_layer,
    channel_shuffle,
    fuse_conv_norm,
    identity_kernel,
    is_norm,
    make_divisible,
    make_norm,
    pad_kernel,
)
from mmpretrain.registry import MODELS


@pytest.fixture
def x():
    return torch.randn(2, 4, 7, 7, generator=torch.Generator().manual_seed(0))


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


def test_conv_module_runs_its_parts_in_order(x):
    module = ConvModule(4, 4, 3, padding=1, norm_cfg=dict(type="BN")).eval()
    assert module.conv.bias is None
    assert list(module.state_dict()) == [
        "conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked"
    ]  # fmt: skip
    conv, norm = module.conv, module.norm
    norm.running_mean += 0.5
    torch.testing.assert_close(module(x), F.relu(norm(conv(x))))
    torch.testing.assert_close(module(x, activate=False), norm(conv(x)))
    torch.testing.assert_close(module(x, norm=False), F.relu(conv(x)))
    module.order = ("act", "norm", "conv")
    torch.testing.assert_close(module(x.clone()), conv(norm(F.relu(x))))
    assert ConvModule(4, 8, 1, norm_cfg=dict(type="BN"), order=("norm", "conv", "act")).norm.num_features == 4
    with pytest.raises(ValueError, match="order"):
        ConvModule(4, 4, 1, order=("conv", "act"))


def test_conv_module_options(x):
    assert ConvModule(4, 4, 1).conv.bias is not None
    assert ConvModule(4, 4, 1).activate.inplace
    assert not ConvModule(4, 4, 1, inplace=False).activate.inplace
    assert isinstance(ConvModule(4, 4, 1, act_cfg=dict(type="Tanh")).activate, nn.Tanh)
    assert not ConvModule(4, 4, 1, act_cfg=None).with_activation
    reflect = ConvModule(4, 4, 3, padding=1, padding_mode="reflect", act_cfg=None)
    torch.testing.assert_close(reflect(x), reflect.conv(F.pad(x, [1] * 4, mode="reflect")))
    assert ConvModule(4, 4, 3, padding=1, padding_mode="circular").conv.padding_mode == "circular"
    spectral = ConvModule(4, 4, 3, with_spectral_norm=True, act_cfg=None)
    assert "conv.weight_orig" in spectral.state_dict()
    leaky = ConvModule(64, 64, 3, act_cfg=dict(type="LeakyReLU", negative_slope=1.0))
    assert leaky.conv.weight.std().item() == pytest.approx((1 / (64 * 9)) ** 0.5, rel=0.05)
    plain = ConvModule(64, 64, 3)
    assert plain.conv.weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("conv_cfg", [None, dict(type="deconv")])
def test_folding_the_norm_while_running_changes_nothing_but_speed(x, conv_cfg):
    kwargs = dict(norm_cfg=dict(type="BN"), conv_cfg=conv_cfg, bias=True)
    plain = ConvModule(4, 6, 3, **kwargs).eval()
    folding = ConvModule(4, 6, 3, efficient_conv_bn_eval=True, **kwargs).eval()
    plain.bn.running_mean.uniform_(-1, 1)
    plain.bn.running_var.uniform_(0.5, 2)
    folding.load_state_dict(plain.state_dict())
    for module in (plain, folding):
        module(x).square().sum().backward()
    torch.testing.assert_close(folding(x), plain(x))
    torch.testing.assert_close(folding.conv.weight.grad, plain.conv.weight.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(folding.bn.weight.grad, plain.bn.weight.grad, rtol=1e-4, atol=1e-4)
    folding.train()
    torch.testing.assert_close(folding(x), plain.train()(x))


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


def test_squeeze_and_excitation(x):
    se = SELayer(4, squeeze_channels=2)
    weight = se.conv2(se.conv1(x.mean((2, 3), keepdim=True)))
    torch.testing.assert_close(se(x), x * weight)
    weighing = SELayer(4, squeeze_channels=2, return_weight=True)
    weighing.load_state_dict(se.state_dict())
    torch.testing.assert_close(weighing(x), weight)
    assert SELayer(64, ratio=4).conv1.out_channels == 16
    assert isinstance(
        SELayer(8, act_cfg=dict(type="HSigmoid")).conv1.activate, type(MODELS.build(dict(type="HSigmoid")))
    )
    with pytest.raises(ValueError, match="squeeze_channels"):
        SELayer(4, squeeze_channels=0)


def test_inverted_residual(x):
    same = InvertedResidual(4, 4, 8, se_cfg=dict(channels=8), drop_path_rate=0.5).eval()
    assert same.with_res_shortcut
    torch.testing.assert_close(
        same(x), x + same.linear_conv(same.se(same.depthwise_conv(same.expand_conv(x))))
    )
    half = InvertedResidual(4, 6, 4, kernel_size=5, stride=2)
    assert half(x).shape == (2, 6, 4, 4)
    assert not hasattr(half, "expand_conv")
    with pytest.raises(ValueError, match="stride"):
        InvertedResidual(4, 4, 4, stride=3)


def test_channels():
    # Values of the reference environment (mmpretrain 1.2).
    values = [make_divisible(v, 8) for v in (3, 8, 11, 12, 17, 33.6, 50, 100.8)]
    assert values == [8, 8, 16, 16, 16, 32, 48, 104]
    assert make_divisible(5, 8, min_value=4, min_ratio=0.5) == 8
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert channel_shuffle(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_reparameterisation(x):
    conv, norm = nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.BatchNorm2d(6).eval()
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    nn.init.uniform_(norm.bias)
    kernel, bias = fuse_conv_norm(conv.weight, norm, conv.bias)
    torch.testing.assert_close(F.conv2d(x, kernel, bias, padding=1, groups=2), norm(conv(x)))
    torch.testing.assert_close(F.conv2d(x, identity_kernel(4, 3, groups=2), padding=1, groups=2), x)
    small = torch.rand(6, 4, 1, 1)
    torch.testing.assert_close(F.conv2d(x, pad_kernel(small, 5), padding=2), F.conv2d(x, small))
