"""Layers take callables; the config arguments of 1.x still work where users construct layers."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
import torch
from torch import nn

from mmpretrain.models.backbones.swin_transformer import SwinBlock
from mmpretrain.models.layers import (
    ConvModule,
    DepthwiseSeparableConvModule,
    DropPath,
    NonLocal2d,
    configurable,
)
from mmpretrain.models.layers.configurable import act_from, conv_from, drop_path_from, norm_from
from mmpretrain.models.layers.residual import BasicBlock, ResLayer
from mmpretrain.models.utils import (
    HybridEmbed,
    InvertedResidual,
    MultiheadAttention,
    PatchEmbed,
    PatchMerging,
    SELayer,
    ShiftWindowMSA,
    SwiGLUFFN,
)
from mmpretrain.registry import MODELS


def test_configs_become_callables():
    norm = norm_from({"type": "BN", "eps": 1e-3, "requires_grad": False})(4)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.eps == 1e-3
    assert not norm.weight.requires_grad
    assert act_from({"type": "ReLU", "inplace": True})(inplace=False).inplace  # the config overrules
    assert isinstance(conv_from({"type": "ConvWS"})(3, 4, 1), nn.Conv2d)
    assert isinstance(conv_from("Conv1d")(3, 4, 1), nn.Conv1d)
    assert conv_from(None) is nn.Conv2d
    assert norm_from(None) is None
    assert act_from(None) is None
    assert norm_from(nn.LayerNorm) is nn.LayerNorm
    assert act_from(nn.GELU) is nn.GELU
    assert drop_path_from({"type": "DropPath", "drop_prob": 0.3}) == 0.3
    assert isinstance(drop_path_from({"type": "Dropout", "drop_prob": 0.3}), nn.Dropout)
    assert drop_path_from(None) is None
    assert drop_path_from({}) is None


def test_users_of_1x_construct_layers_with_configs():
    attn = ShiftWindowMSA(8, 2, 4, dropout_layer=dict(type="DropPath", drop_prob=0.2))
    assert isinstance(attn.drop, DropPath)
    assert attn.drop.drop_prob == 0.2
    patches = PatchEmbed(3, 8, "Conv2d", 4, 4, norm_cfg=dict(type="LN", eps=1e-3))
    assert patches.norm.eps == 1e-3
    assert patches(torch.rand(1, 3, 8, 8))[0].shape == (1, 4, 8)
    assert isinstance(PatchEmbed(3, 8, conv_type="ConvWS").projection, type(conv_from("ConvWS")(3, 3, 1)))
    assert PatchMerging(4, 8, norm_cfg=None).norm is None
    assert isinstance(SwiGLUFFN(8, norm_cfg=dict(type="LN")).norm, nn.LayerNorm)
    block = SwinBlock(8, 2, 4, norm_cfg=dict(type="LN", eps=1e-2), ffn_cfgs=dict(act_cfg=dict(type="ReLU")))
    assert block.norm1.eps == 1e-2
    assert any(isinstance(m, nn.ReLU) for m in block.ffn.modules())
    cnn = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1))
    cnn.num_features = 5
    assert HybridEmbed(cnn, 8, 8, conv_cfg=dict(kernel_size=3)).projection.kernel_size == (3, 3)


def test_positions_take_configs_too():
    attn = ShiftWindowMSA(8, 2, 4, 0, dict(type="DropPath", drop_prob=0.2))
    assert attn.drop.drop_prob == 0.2
    assert isinstance(MultiheadAttention(8, 2, None, 0.0, 0.0, None).out_drop, nn.Identity)


def test_a_subclass_may_use_either():
    class Mine(ShiftWindowMSA):
        def __init__(self, **kwargs):
            super().__init__(embed_dims=8, num_heads=2, window_size=4, **kwargs)

    assert Mine(dropout_layer=dict(type="DropPath", drop_prob=0.2)).drop.drop_prob == 0.2
    assert Mine(drop_path=0.3).drop.drop_prob == 0.3
    assert isinstance(Mine(), ShiftWindowMSA)


@pytest.mark.parametrize("name", ["FFN", "ShiftWindowMSA", "MultiheadAttention"])
def test_registered_layers_say_both_names(name):
    names = inspect.signature(MODELS.get(name)).parameters
    assert {"dropout_layer", "drop_path"} <= set(names)


def test_configs_build_registered_layers():
    ffn = MODELS.build(
        dict(type="FFN", embed_dims=8, act_cfg=dict(type="GELU"), dropout_layer=dict(type="Dropout"))
    )
    assert isinstance(ffn.dropout_layer, nn.Dropout)
    assert isinstance(ffn.layers[0][1], nn.GELU)


def test_layers_are_copied_and_pickled():
    block = SwinBlock(8, 2, 4, norm_cfg=dict(type="LN"))
    for twin in (copy.deepcopy(block), pickle.loads(pickle.dumps(block))):
        assert type(twin) is SwinBlock


def test_an_unknown_argument_is_an_error():
    with pytest.raises(TypeError, match="norm_config"):
        PatchEmbed(norm_config=dict(type="LN"))


def test_a_config_that_reaches_a_layer_is_seen(monkeypatch):
    """By what tests/contracts/test_backbones.py watches."""
    seen = []
    monkeypatch.setattr(configurable, "_call", lambda translate, value: seen.append(value))
    PatchEmbed(norm_cfg=dict(type="LN"))
    MultiheadAttention(8, 2, None, 0.0, 0.0, dict(type="DropPath"))
    assert seen == [dict(type="LN"), dict(type="DropPath")]


def test_residual_and_mobile_blocks_take_configs():
    conv = ConvModule(3, 4, 3, norm_cfg=dict(type="GN", num_groups=2), act_cfg=dict(type="LeakyReLU"))
    assert conv.norm_name == "gn"
    assert conv.norm_cfg == dict(type="GN", num_groups=2)  # code for 1.x reads it
    assert conv.activate.inplace
    assert not ConvModule(3, 4, 3, act_cfg=dict(type="ReLU", inplace=False)).activate.inplace
    assert not ConvModule(3, 4, 3, inplace=False).activate.inplace
    se = SELayer(8, act_cfg=(dict(type="ReLU"), dict(type="HSigmoid")))
    assert type(se.conv2.activate).__name__ == "HSigmoid"
    mobile = InvertedResidual(8, 8, 16, se_cfg=dict(channels=16), norm_cfg=dict(type="BN", eps=0.1))
    assert mobile.se.conv1.in_channels == 16
    assert mobile.depthwise_conv.bn.eps == 0.1
    pair = DepthwiseSeparableConvModule(4, 8, 3, norm_cfg=dict(type="BN"), pw_act_cfg=None)
    assert not pair.pointwise_conv.with_activation
    assert pair.depthwise_conv.with_activation
    assert NonLocal2d(8, norm_cfg=dict(type="BN")).conv_out.with_norm


def test_a_block_of_a_user_gets_configs():
    """It was written for 1.x, while a block of this package takes callables."""
    seen = []

    class Noted(nn.Identity):
        def __init__(self, in_channels, out_channels, stride=1, downsample=None, **options):
            super().__init__()
            seen.append(options)

    norm = dict(type="GN", num_groups=2)
    ResLayer(Noted, 1, 8, 8, norm_cfg=norm)
    assert seen == [dict(expansion=None, drop_path_rate=0.0, conv_cfg=None, norm_cfg=norm)]
    (ours,) = ResLayer(BasicBlock, 1, 8, 8, norm_cfg=norm)
    assert isinstance(ours.last_norm, nn.GroupNorm)
    assert configurable.parts_for(BasicBlock, conv_cfg=None)["conv"] is nn.Conv2d
