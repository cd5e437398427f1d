"""What is special about single CNN families; what they share is in tests/contracts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import (
    VGG,
    EfficientNet,
    MobileNetV2,
    RegNet,
    RepVGG,
    ResNet,
    SEResNet,
    SEResNeXt,
    ShuffleNetV2,
)
from mmpretrain.models.backbones.efficientnet import EdgeResidual
from mmpretrain.models.backbones.regnet import stage_shapes
from mmpretrain.models.backbones.resnet import Bottleneck, ResLayer
from mmpretrain.models.layers import DropPath

SMALL = {"stem_channels": 8, "base_channels": 4}


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


def test_se_resnext_takes_its_ratio():
    model = SEResNeXt(50, se_ratio=4, groups=2, width_per_group=4, drop_path_rate=0.2, **SMALL)
    assert model.layer4[0].se_layer.conv1.out_channels == 128 // 4
    assert model.layer4[0].conv2.groups == 2
    assert isinstance(SEResNet(50, drop_path_rate=0.2, **SMALL).layer4[2].drop_path, DropPath)


def test_loaded_weights_are_not_zeroed(tmp_path):
    source = ResNet(18, **SMALL)
    torch.save({"state_dict": source.state_dict()}, tmp_path / "weights.pth")
    pretrained = {"type": "Pretrained", "checkpoint": str(tmp_path / "weights.pth")}
    model = ResNet(18, init_cfg=[{"type": "Kaiming", "layer": "Conv2d"}, pretrained], **SMALL)
    model.init_weights()
    assert model.layer1[0].bn2.weight.all()
    torch.testing.assert_close(model.conv1.weight, source.conv1.weight)


def test_regnet_widths():
    assert stage_shapes(24, 24.48, 2.54, 22) == ([24, 64, 152, 392], [1, 2, 7, 12])
    # Rounded to whole groups, these are the widths in the paper.
    assert RegNet("regnetx_400mf").stage_widths == [32, 64, 160, 384]
    assert RegNet("regnetx_3.2gf").stage_widths == [96, 192, 432, 1008]
    with pytest.raises(ArgumentError, match="deep stem"):
        RegNet("regnetx_400mf", deep_stem=True)


def test_vgg_outputs_scores_after_its_stages():
    model = VGG(11, num_classes=7, out_indices=(0, 4)).eval()
    with torch.no_grad():
        first, last, scores = model(torch.rand(1, 3, 224, 224))
    assert (first.shape[1:], last.shape[1:], scores.shape) == ((64, 112, 112), (512, 7, 7), (1, 7))
    assert len(VGG(11, with_last_pool=False).features) == len(VGG(11).features) - 1


def test_efficientnet_for_edge_tpus():
    model = EfficientNet("es")
    assert [type(model.layers[i][0]) is EdgeResidual for i in (1, 2, 3, 4)] == [True, True, True, False]
    rates = [m.drop_prob for m in EfficientNet("b0", drop_path_rate=0.2).modules() if isinstance(m, DropPath)]
    assert rates[-1] == pytest.approx(0.2)
    assert len(rates) == 15  # the first of 16 blocks has rate 0


@torch.no_grad()
def test_deployed_repvgg_keeps_its_attention():
    arch = {**RepVGG.arch_settings["D2se"], "num_blocks": (1, 2, 1, 1)}
    model = RepVGG(arch, base_channels=8).eval()
    x = torch.rand(1, 3, 32, 32)
    (expected,) = model(x)
    model.switch_to_deploy()
    torch.testing.assert_close(model(x)[0], expected, rtol=0, atol=1e-4)
    model.switch_to_deploy()  # a second time changes nothing
    assert model.stem.se_layer is not None


def test_repvgg_refuses_to_fold_other_norms():
    model = RepVGG("A0", base_channels=8, norm_cfg={"type": "GN", "num_groups": 1})
    with pytest.raises(ArgumentError, match="batch norms"):
        model.switch_to_deploy()


def test_pyramid_pooling_of_yolox_pai():
    model = RepVGG("yolox-pai-small", base_channels=8, add_ppf=True, out_indices=(2, 3)).eval()
    assert [tuple(f.shape) for f in model(torch.rand(1, 3, 64, 64))] == [(1, 32, 4, 4), (1, 64, 2, 2)]


@pytest.mark.parametrize("cls", [EfficientNet, MobileNetV2, ShuffleNetV2])
def test_checkpointing_leaves_stem_and_last_convolution_alone(cls):
    model = cls(with_cp=True).train()
    model(torch.rand(2, 3, 32, 32))[-1].sum().backward()
    norms = {name: m for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}
    first, *_, last = norms.values()
    assert int(first.num_batches_tracked) == int(last.num_batches_tracked) == 1
