"""Tests of :mod:`mmpretrain.models.classifiers.hugging_face`."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from tests.models.wrapper_cases import Net


class HubNet(Net):
    def forward(self, x: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=super().forward(x))


@pytest.fixture
def transformers(monkeypatch):
    module = ModuleType("transformers")
    module.AutoConfig = SimpleNamespace(from_pretrained=lambda name, **kwargs: kwargs)
    module.AutoModelForImageClassification = SimpleNamespace(
        from_config=lambda config: HubNet(**config),
        from_pretrained=lambda name, **kwargs: HubNet(**kwargs),
    )
    monkeypatch.setitem(sys.modules, "transformers", module)


def samples(*labels: int) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]


@pytest.mark.parametrize(
    "config",
    [
        {"type": "TimmClassifier", "model_name": "net", "num_classes": 4, "with_cp": True},
        {"type": "HuggingFaceClassifier", "model_name": "org/net", "num_classes": 4, "with_cp": True},
        {"type": "HuggingFaceClassifier", "model_name": "org/net", "pretrained": True, "with_cp": True},
    ],
)
def test_classifiers(timm, transformers, config):
    model = MODELS.build(config)
    assert model.model.checkpointing
    images = torch.rand(3, 3, 8, 8)
    scores = model(images)
    assert scores.shape == (3, 4)
    loss = model(images, samples(0, 3, 1), mode="loss")["loss"]
    torch.testing.assert_close(loss, nn.functional.cross_entropy(scores, torch.tensor([0, 3, 1])))
    predictions = model(images, samples(0, 3, 1), mode="predict")
    assert [p.pred_label.item() for p in predictions] == scores.argmax(1).tolist()
    torch.testing.assert_close(predictions[0].pred_score, scores[0].softmax(0))
