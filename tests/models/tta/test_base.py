"""Tests of :mod:`mmpretrain.models.tta.base`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.tta.base import BaseTTAModel


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 1)

    def test_step(self, data):
        inputs = data["inputs"] if isinstance(data, dict) else data[0]
        return [float(x) for x in inputs]


class Mean(BaseTTAModel):
    def merge_preds(self, data_samples_list):
        return [sum(versions) / len(versions) for versions in data_samples_list]


def test_versions_of_each_sample_are_merged():
    model = Mean(Model())
    batch = {"inputs": [[1.0, 10.0], [3.0, 20.0]], "data_samples": [["a", "b"], ["a", "b"]]}
    assert model.test_step(batch) == [2.0, 15.0]
    assert model.val_step([[[1.0, 10.0], [3.0, 20.0]]]) == [2.0, 15.0]


def test_its_checkpoints_are_those_of_the_model():
    model = Mean(Model())
    state = {"fc.weight": torch.full((1, 1), 5.0), "fc.bias": torch.zeros(1)}
    model.load_state_dict(state)
    assert model.state_dict()["fc.weight"].item() == 5.0


def test_what_cannot_predict_is_refused():
    with pytest.raises(ConfigError, match=r"needs a model with test_step\(\)"):
        Mean(nn.Linear(1, 1))
    with pytest.raises(NotImplementedError, match="merge_preds"):
        BaseTTAModel(Model()).test_step({"inputs": [[1.0]]})
