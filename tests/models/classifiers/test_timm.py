"""Tests of :mod:`mmpretrain.models.classifiers.timm`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.registry import MODELS
from tests.models.wrapper_cases import Net


def test_checkpoints_have_the_keys_of_the_other_library(timm):
    model = MODELS.build({"type": "TimmClassifier", "model_name": "net", "num_classes": 4})
    plain = Net()
    assert model.state_dict().keys() == plain.state_dict().keys()
    model.load_state_dict(plain.state_dict())
    torch.testing.assert_close(model.model.fc.weight, plain.fc.weight)
    outer = nn.ModuleDict({"student": model})
    assert "student.fc.weight" in outer.state_dict()
    outer.load_state_dict(outer.state_dict())


def test_fine_tuning_says_which_layer_is_new(timm):
    report = load_into(
        MODELS.build({"type": "TimmClassifier", "model_name": "net", "num_classes": 2}), Net().state_dict()
    )
    assert report.summary() == (
        "Loaded 2/4 tensors (model 50 %). model.fc re-initialised 4 -> 2 (expected when fine-tuning)."
    )


def test_timm_features(timm):
    model = MODELS.build({"type": "TimmClassifier", "model_name": "net"})
    assert model.extract_feat(torch.rand(1, 3, 8, 8)).shape == (1, 8, 4, 4)
