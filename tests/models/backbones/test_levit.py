"""What is special about LeViT, EfficientFormer and TinyViT, which have biases by distance."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import EfficientFormer, LeViT, TinyViT
from mmpretrain.registry import MODELS

LEVIT = {"embed_dims": [32, 48], "num_heads": [2, 3], "depths": [1, 1], "key_dims": [8, 8]}
EFFICIENTFORMER = {
    "layers": [1, 2], "embed_dims": [8, 12], "vit_num": 1, "downsamples": [False, True],
}  # fmt: skip
TINYVIT = {"channels": [8, 12], "num_heads": [1, 2], "depths": [1, 2]}


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


@torch.no_grad()
def test_efficientformer_takes_smaller_images_and_can_make_a_map():
    model = EfficientFormer(EFFICIENTFORMER, reshape_last_feat=True).eval()
    assert model(torch.rand(1, 3, 56, 40))[0].shape == (1, 12, 7, 5)
    tokens = EfficientFormer(EFFICIENTFORMER).eval()(torch.rand(1, 3, 48, 40))[0]
    assert tokens.shape == (1, 12, 30)
    with pytest.raises(ArgumentError, match="7×7"):
        model(torch.rand(1, 3, 64, 64))


def test_mlp_ratio_and_activation_hold_for_every_block():
    model = EfficientFormer(EFFICIENTFORMER, mlp_ratios=2)
    assert model.network[0][0].mlp.fc1.out_channels == 16
    act = {"type": "ReLU"}
    assert not [m for m in TinyViT(TINYVIT, act_cfg=act).modules() if isinstance(m, nn.GELU)]


@torch.no_grad()
def test_tinyvit_takes_any_size():
    model = TinyViT(TINYVIT, img_size=64, window_size=(7, 3), gap_before_final_norm=False).eval()
    assert model(torch.rand(1, 3, 70, 50))[0].shape == (1, 12, 9, 7)


def test_tinyvit_use_checkpoint_is_with_cp():
    assert TinyViT(TINYVIT, use_checkpoint=True).with_cp
