"""Tests of :mod:`mmpretrain.models.layers.conv_module`."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmpretrain.models.layers import (
    ConvModule,
)


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
