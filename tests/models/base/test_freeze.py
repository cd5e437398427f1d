"""Tests of :mod:`mmpretrain.models.base.freeze`."""

from __future__ import annotations

import inspect
from abc import ABCMeta

import pytest
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base import (
    BaseModel,
)
from mmpretrain.registry import MODELS
from tests.models.base.cases import Tiny


def test_freeze_by_regular_expression():
    model = Tiny(freeze=r"^stages\.[01]|bias$").train()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert {"stem.bias", "stages.1.0.weight", "norm.bias"} <= frozen
    assert "stem.weight" not in frozen
    assert not model.stages[0][1].training
    assert model.norm.training


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"^stages\.7\.", "Did you mean 'stages"),
        ("wieght", "names begin with: norm, stages, stem"),
        ("(", "not a regular expression"),
    ],
)
def test_freeze_must_find_something(pattern, says):
    with pytest.raises(ArgumentError, match=says):
        Tiny(freeze=pattern)


class Pair(BaseModel):
    """A model whose two parts share a weight."""

    def __init__(self, freeze: str | None = None) -> None:
        super().__init__(freeze=freeze)
        self.body = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout())
        self.head = nn.Linear(3, 3)
        self.head.weight = self.body[0].weight


def test_whole_models_freeze():
    model = MODELS.build(dict(type=Pair, freeze=r"^body\."))
    model.requires_grad_(True)
    for _ in range(2):
        model.eval()
        model.train()
        assert [name for name, p in model.named_parameters() if p.requires_grad] == ["head.bias"]
        assert not any(part.training for part in model.body.modules())
        assert model.training
        assert model.head.training
    assert not MODELS.build(dict(type=Pair, freeze="head.weight")).body[0].weight.requires_grad


def test_every_model_of_the_registry_can_be_frozen():
    kinds = {name: MODELS.get(name) for name in MODELS.names()}
    models = {name for name, kind in kinds.items() if inspect.isclass(kind) and issubclass(kind, BaseModel)}
    assert models >= {"ImageClassifier", "ImageToImageRetriever", "TimmClassifier", "HuggingFaceClassifier"}
    for name in models:
        assert "freeze" in inspect.signature(kinds[name]).parameters, name
        assert type(kinds[name]) is ABCMeta, name
