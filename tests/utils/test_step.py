"""Tests of :mod:`mmpretrain.utils.step`."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import torch

from mmpretrain.models.base import BaseModel
from mmpretrain.utils.step import run_forward, train_step


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return {"loss_a": self.fc(inputs).sum(), "acc": torch.tensor(0.5)} if mode == "loss" else inputs


class Wrapper:
    """Notes what a step asks for."""

    def __init__(self):
        self.calls = []

    @contextmanager
    def optim_context(self, model):
        self.calls.append("context")
        yield
        self.calls.append("end of context")

    def update_params(self, loss):
        self.calls.append(loss.item())


def test_losses_are_computed_inside_the_context_and_updated_outside():
    model, wrapper = Model(), Wrapper()
    inputs = torch.ones(3, 2)
    log_vars = train_step(model, model, {"inputs": inputs}, wrapper)
    loss = model.fc(inputs).sum().item()
    assert wrapper.calls == ["context", "end of context", pytest.approx(loss)]
    assert list(log_vars) == ["loss", "loss_a", "acc"]


def test_a_batch_is_a_dict_or_a_sequence():
    model, x = Model(), torch.ones(1, 2)
    assert run_forward(model, {"inputs": x}, "tensor") is x
    assert run_forward(model, [x, None], "tensor") is x
    with pytest.raises(TypeError, match="must return a dict, tuple or list, got Tensor"):
        run_forward(model, x, "tensor")


def test_sizes_that_do_not_fit_are_explained():
    with pytest.raises(Exception, match=r"in_channels|shapes cannot be multiplied") as caught:
        run_forward(Model(), {"inputs": torch.ones(1, 3)}, "loss")
    assert isinstance(caught.value.__cause__, RuntimeError)
