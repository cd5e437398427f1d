"""Tests of :mod:`mmpretrain.models.backbones.timm_backbone`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.registry import MODELS


def test_timm_backbone(timm):
    model = MODELS.build(
        {"type": "TIMMBackbone", "model_name": "net", "in_channels": 1, "norm_layer": "LN2d"}
    )
    assert timm.calls == [{"model_name": "net", "norm_layer": MODELS.get("LN2d")}]
    assert [out.shape for out in model(torch.rand(2, 1, 8, 8))] == [(2, 8)]
    pyramid = MODELS.build({"type": "TIMMBackbone", "model_name": "net", "features_only": True})
    assert [out.shape for out in pyramid(torch.rand(2, 3, 8, 8))] == [(2, 8, 4, 4), (2, 8, 2, 2)]


@pytest.mark.parametrize("kind", ["TIMMBackbone", "TimmClassifier"])
def test_unknown_timm_model(timm, kind):
    with pytest.raises(ArgumentError, match=r"no model 'resnet81'. Did you mean 'resnet18'\?"):
        MODELS.build({"type": kind, "model_name": "resnet81"})


def test_timm_weights_are_not_initialised_again(timm):
    model = MODELS.build(
        {
            "type": "TIMMBackbone",
            "model_name": "net",
            "pretrained": True,
            "init_cfg": {"type": "Constant", "layer": "Conv2d", "val": 7},
        }
    )
    model.init_weights()
    assert not (model.timm_model.stem.weight == 7).any()
    with pytest.raises(ArgumentError, match="checkpoint_path for a file"):
        MODELS.build({"type": "TIMMBackbone", "model_name": "net", "pretrained": "net.pth"})


@pytest.mark.parametrize("features_only", [False, True])
def test_maps_with_channels_last_are_turned(timm, features_only):
    model = MODELS.build({"type": "TIMMBackbone", "model_name": "net", "features_only": features_only})
    maps = [torch.rand(2, 3, 5, 8)]
    model.timm_model.output_fmt = "NHWC"
    model.timm_model.forward = lambda x: maps if features_only else maps[0]
    assert [out.shape for out in model(torch.rand(2, 3, 8, 8))] == [(2, 8, 3, 5)]
