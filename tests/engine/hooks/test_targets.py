"""Tests of :mod:`mmpretrain.engine.hooks.targets`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

from mmpretrain.engine.hooks import NormalizeTargetsHook
from mmpretrain.engine.hooks.targets import normalize_targets
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.heads import RegressionHead
from tests.engine.hooks.hook_cases import fake_runner


def runner(records, num_values=2):
    class Data:
        def __len__(self):
            return len(records)

        def get_data_info(self, index):
            return records[index]

    model = nn.Module()
    model.head = RegressionHead(1, num_values)
    return fake_runner(model, train_dataloader=SimpleNamespace(dataset=Data()))


def test_moments_of_the_training_data():
    """The second value never changes: its deviation stays 1."""
    run = runner([{"gt_value": np.array([value, 7.0])} for value in (1.0, 3.0, 8.0)])
    NormalizeTargetsHook().before_train(run)
    assert run.model.head.target_mean.tolist() == pytest.approx([4, 7])
    assert run.model.head.target_std.tolist() == pytest.approx([(26 / 3) ** 0.5, 1])
    run = runner([{"gt_value": 2.0}, {"gt_value": 4}], num_values=1)
    NormalizeTargetsHook().before_train(run)
    assert run.model.head.target_mean.tolist() == [3]


def test_mistakes():
    with pytest.raises(ConfigError, match="needs a RegressionHead"):
        normalize_targets(nn.Linear(1, 1), None)
    with pytest.raises(DataError, match=r"a\.png: the sample has no value to learn"):
        NormalizeTargetsHook().before_train(runner([{"img_path": "a.png"}]))
    with pytest.raises(DataError, match="has 1 values, the first one 2"):
        NormalizeTargetsHook().before_train(runner([{"gt_value": [1, 2]}, {"gt_value": 1}]))
    with pytest.raises(ConfigError, match="target_mean must be"):
        NormalizeTargetsHook().before_train(runner([{"gt_value": [1, 2, 3]}]))
