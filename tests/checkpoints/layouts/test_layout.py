"""Tests of :mod:`mmpretrain.checkpoints.layouts.layout`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.errors import ArgumentError, CheckpointError
from mmpretrain.registry import MODELS
from tests.checkpoints.layouts.layout_cases import (
    classifier,
    foreign,
    vit,
)
from tests.golden.fingerprint import fill


def test_a_backbone_alone(caplog):
    backbone = MODELS.build({"type": "ShuffleNetV2"})
    with caplog.at_level("INFO", "mmpretrain"):
        report = load_into(backbone, foreign("torchvision/shufflenet_v2_x1_0", "cpu"), source="w.pth")
    assert report.missing == report.unexpected == []
    assert "w.pth is in the layout torchvision/shufflenet_v2" in caplog.text


@pytest.mark.parametrize(
    ("name", "cfg", "resized"),
    [
        ("timm/vit_tiny_patch16_224", vit("deit-tiny", 192, img_size=384), "pos_embed"),
        (
            "torchvision/swin_t",
            classifier("SwinTransformer", 768, arch="tiny", img_size=384, window_size=12),
            "stages.0.blocks.0.attn.w_msa.relative_position_bias_table",
        ),
    ],
)
def test_another_input_size(name, cfg, resized):
    model = MODELS.build(cfg)
    before = model.backbone.get_parameter(resized).detach().clone()
    weights = foreign(name, "cpu")
    for key, value in weights.items():
        fill(key, value)
    report = load_into(model, weights)
    assert report.mismatched == {}
    assert report.missing == []
    after = model.backbone.get_parameter(resized)
    assert after.shape == before.shape
    assert not torch.equal(after, before)


def test_what_fits_is_left_alone():
    weights = foreign("torchvision/resnet18")
    backbone = {key: value for key, value in weights.items() if not key.startswith("fc.")}
    assert layouts.fit(weights, backbone) is None
    ours = layouts.convert(weights).weights
    assert layouts.fit(ours, ours) is None


def test_unknown():
    with pytest.raises(CheckpointError, match="no known layout"):
        layouts.convert({"a.weight": torch.ones(1)})
    with pytest.raises(CheckpointError, match="no known layout of clip"):
        layouts.convert(foreign("torchvision/resnet18"), "clip")
    with pytest.raises(ArgumentError, match="no layout 'tim'"):
        layouts.convert({}, "tim")


def test_weights_of():
    inner = {"fc.weight": torch.ones(1)}
    assert layouts.weights_of({"model": inner, "epoch": 3}) == layouts.weights_of(inner) == inner


def test_keys_that_are_no_names_are_left_out():
    weights = {("a", 1): torch.zeros(1), 3: torch.zeros(1), "b": torch.zeros(2)}
    assert layouts.weights_of({"state_dict": weights}).keys() == {"b"}
