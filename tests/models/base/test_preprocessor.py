"""Tests of :mod:`mmpretrain.models.base.preprocessor`."""

from __future__ import annotations

import torch

from tests.models.base.cases import Regression


def test_preprocessor_follows_the_model():
    model = Regression(data_preprocessor=dict(type="BaseDataPreprocessor"))
    assert model.data_preprocessor.device == torch.device("cpu")
    assert not model.data_preprocessor.state_dict()
    model.to("meta")
    assert model.data_preprocessor.device == torch.device("meta")
    moved = model.data_preprocessor({"inputs": [torch.ones(1)], "name": "x", "pair": (torch.ones(1), None)})
    assert moved["inputs"][0].is_meta
    assert moved["pair"][0].is_meta
    assert moved["name"] == "x"
