"""Tests of :mod:`mmpretrain.models.base.model`."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from mmpretrain.models.base import (
    BaseDataPreprocessor,
)
from tests.models.base.cases import Regression


class Wrapper:
    def __init__(self, model):
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def optim_context(self, model):
        return nullcontext()

    def update_params(self, loss):
        loss.backward()
        self.optimizer.step()


def test_steps_of_a_model():
    model = Regression()
    assert isinstance(model.data_preprocessor, BaseDataPreprocessor)
    batch = {"inputs": torch.ones(3, 2)}
    before = model.fc.weight.clone()
    log = model.train_step(batch, Wrapper(model))
    assert list(log) == ["loss", "loss_fit", "loss_list", "acc"]
    assert log["loss"].item() == pytest.approx(log["loss_fit"].item() + log["loss_list"].item())
    assert not torch.equal(model.fc.weight, before)
    assert model.val_step(batch)[0] == model.test_step((torch.ones(1, 2),))[0] == "predict"
    with pytest.raises(TypeError, match="tensor or a list"):
        model.parse_losses({"loss": 3})
    with pytest.raises(TypeError, match="minimise"):
        model.parse_losses({"acc": torch.ones(1)})
