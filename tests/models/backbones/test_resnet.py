"""Tests of :mod:`mmpretrain.models.backbones.resnet`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import (
    ResNet,
)
from mmpretrain.models.backbones.resnet import Bottleneck, ResLayer
from mmpretrain.registry import MODELS
from tests.models.backbones.cnn_cases import SMALL


def test_resnet_layer_depth_for_decay():
    # As in the reference environment (mmpretrain 1.2): stages 2 and 3 of ResNet-50 count by 2 and 3 blocks.
    model = MODELS.build(dict(type="ResNet", depth=50, base_channels=4, stem_channels=4))
    names = ["conv1.weight", "layer1.0.conv1.weight", "layer2.1.conv1.weight", "layer2.3.bn1.bias",
             "layer3.2.conv1.weight", "layer3.5.conv1.weight", "layer4.2.conv3.weight"]  # fmt: skip
    assert [model.get_layer_depth(f"backbone.{n}", "backbone.") for n in names] == [
        (0, 8), (1, 8), (2, 8), (3, 8), (4, 8), (5, 8), (6, 8)
    ]  # fmt: skip


def test_style_puts_the_stride_into_the_first_or_second_convolution():
    strides = {
        style: [
            ResNet(50, style=style, **SMALL).layer2[0].get_submodule(f"conv{i}").stride[0] for i in (1, 2, 3)
        ]
        for style in ("pytorch", "caffe")
    }
    assert strides == {"pytorch": [1, 2, 1], "caffe": [2, 1, 1]}
    with pytest.raises(ArgumentError, match="style"):
        Bottleneck(4, 4, style="tensorflow")


def test_dilation_keeps_the_size():
    model = ResNet(50, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), out_indices=(1, 2, 3), **SMALL).eval()
    assert {tuple(f.shape[2:]) for f in model(torch.rand(1, 3, 64, 64))} == {(8, 8)}


def test_fewer_stages():
    model = ResNet(18, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=-1, **SMALL)
    assert model.stage_names == ("layer1", "layer2")
    assert model.feat_dim == 8
    with pytest.raises(ArgumentError, match="num_stages"):
        ResNet(18, num_stages=3)


def test_variants_differ_where_they_should():
    assert isinstance(ResNet(50, avg_down=True, **SMALL).layer2[0].downsample[0], torch.nn.AvgPool2d)
    assert len(ResNet(50, deep_stem=True, **SMALL).stem) == 3
    assert ResNet(50, norm_cfg={"type": "GN", "num_groups": 2}, **SMALL).norm1_name == "gn1"
    with pytest.raises(ArgumentError, match="3 blocks need as many"):
        ResLayer(Bottleneck, 3, 4, 16, drop_path_rate=[0.1])
    with pytest.raises(ArgumentError, match="no multiple"):
        Bottleneck(4, 6)


def test_loaded_weights_are_not_zeroed(tmp_path):
    source = ResNet(18, **SMALL)
    torch.save({"state_dict": source.state_dict()}, tmp_path / "weights.pth")
    pretrained = {"type": "Pretrained", "checkpoint": str(tmp_path / "weights.pth")}
    model = ResNet(18, init_cfg=[{"type": "Kaiming", "layer": "Conv2d"}, pretrained], **SMALL)
    model.init_weights()
    assert model.layer1[0].bn2.weight.all()
    torch.testing.assert_close(model.conv1.weight, source.conv1.weight)
