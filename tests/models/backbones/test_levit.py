"""What is special about LeViT, EfficientFormer and TinyViT, which have biases by distance."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import LeViT
from mmpretrain.models.backbones.levit import LinearBatchNorm
from mmpretrain.registry import MODELS

LEVIT = {"embed_dims": [32, 48], "num_heads": [2, 3], "depths": [1, 1], "key_dims": [8, 8]}


@torch.no_grad()
def test_loading_in_evaluation_mode_takes_effect():
    source, model = (LeViT(LEVIT, img_size=64) for _ in range(2))
    for module in source.modules():
        if hasattr(module, "attention_biases"):
            nn.init.normal_(module.attention_biases)
    source.eval()
    model.eval()
    x = torch.rand(1, 3, 64, 64)
    before = model(x)[0]
    model.load_state_dict(source.state_dict())
    torch.testing.assert_close(model(x)[0], source(x)[0])
    assert not torch.allclose(before, model(x)[0])


@torch.no_grad()
def test_levit_takes_images_that_are_not_square():
    model = LeViT(LEVIT, img_size=(64, 96), out_indices=(0, 1)).eval()
    assert [tuple(x.shape) for x in model(torch.rand(1, 3, 64, 96))] == [(1, 32, 4, 6), (1, 48, 2, 3)]
    with pytest.raises(ArgumentError, match=r"built for images of \(64, 96\)"):
        model(torch.rand(1, 3, 64, 64))


def test_activation_holds_for_the_stem():
    kinds = {type(m) for m in LeViT(LEVIT, img_size=64, act_cfg={"type": "ReLU"}).modules()}
    assert nn.Hardswish not in kinds
    assert nn.ReLU in kinds


@torch.no_grad()
def test_a_deployed_classifier_builds_and_agrees():
    cfg = {
        "type": "ImageClassifier",
        "backbone": {"type": "LeViT", "arch": LEVIT, "img_size": 64},
        "neck": {"type": "GlobalAveragePooling"},
        "head": {"type": "LeViTClsHead", "num_classes": 3, "in_channels": 48},
    }
    model = MODELS.build(cfg).eval()
    deployed = MODELS.build(
        {**cfg, "backbone": {**cfg["backbone"], "deploy": True}, "head": {**cfg["head"], "deploy": True}}
    ).eval()
    x = torch.rand(2, 3, 64, 64)
    expected = model(x)
    model.backbone.switch_to_deploy()
    model.head.switch_to_deploy()
    deployed.load_state_dict(model.state_dict())
    torch.testing.assert_close(deployed(x), expected, rtol=0, atol=1e-5)


def test_a_norm_is_folded_where_that_is_less_work():
    layer = LinearBatchNorm(8, 6)
    torch.nn.init.normal_(layer.bn.weight)
    torch.nn.init.normal_(layer.bn.running_mean)
    layer.eval()
    x = torch.randn(1, 40, 8)
    with torch.no_grad():
        wanted = layer.bn(layer.linear(x)[0])
        torch.testing.assert_close(layer(x)[0], wanted)  # folded: 40 tokens of 8 channels
        torch.testing.assert_close(layer(x[:, :10])[0], wanted[:10])  # not folded
