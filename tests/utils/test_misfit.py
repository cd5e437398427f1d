"""What it means when a model cannot be run on a batch."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.utils.misfit import explain_misfit
from mmpretrain.utils.step import run_forward


def test_batch_norm_of_one_image():
    model = torch.nn.BatchNorm1d(3)

    def call(inputs, mode):
        return model(inputs)

    with pytest.raises(ConfigError, match="more than 1 value of a channel in training"):
        run_forward(call, {"inputs": torch.ones(1, 3)}, "loss")


def test_what_is_not_known_is_left_alone():
    assert explain_misfit("something else") is None

    def call(inputs, mode):
        raise ValueError("of the user's own model")

    with pytest.raises(ValueError, match="of the user's own model"):
        run_forward(call, {"inputs": 1}, "loss")
