"""Tests of :mod:`mmpretrain.engine.hooks.margins`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

from mmpretrain.engine.hooks import (
    SetAdaptiveMarginsHook,
)
from mmpretrain.errors import ConfigError
from tests.engine.hooks.hook_cases import fake_runner


def test_adaptive_margins():
    """Numbers of the reference environment for these labels."""

    class Head(nn.Module):
        num_classes = 4

        def set_margins(self, margins):
            self.margins = margins

    model = nn.Module()
    model.head = Head()
    labels = [0] * 100 + [1] * 16 + [2]
    dataset = SimpleNamespace(get_gt_labels=lambda: np.array([*labels, 3, 3]))
    runner = fake_runner(model, train_dataloader=SimpleNamespace(dataset=dataset))
    SetAdaptiveMarginsHook().before_train(runner)
    assert model.head.margins == pytest.approx([0.05, 0.17094306, 0.5, 0.39529172], abs=1e-6)
    model.head.num_classes = 3
    with pytest.raises(ConfigError, match="labels up to 3"):
        SetAdaptiveMarginsHook().before_train(runner)
    with pytest.raises(ConfigError, match="ArcFaceClsHead"):
        SetAdaptiveMarginsHook().before_train(fake_runner(nn.Linear(1, 1)))
