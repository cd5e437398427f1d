"""Tests of :mod:`mmpretrain.engine.runner.wrappers`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from torch import nn

from mmpretrain.engine.runner.wrappers import MMDistributedDataParallel, MMSeparateDistributedDataParallel
from mmpretrain.models.base import BaseModel


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.used, self.idle = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        loss = self.used(inputs).sum()
        return {"loss": loss} if mode == "loss" else [loss]


@pytest.fixture
def group(tmp_path):
    """A group of this process alone."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def wrapper():
    optimizer = SimpleNamespace(losses=[])
    optimizer.optim_context = lambda model: torch.enable_grad()

    def update(loss):
        loss.backward()
        optimizer.losses.append(loss.item())

    optimizer.update_params = update
    return optimizer


def test_steps_are_those_of_the_model(group, caplog):
    model = Model()
    wrapped = MMDistributedDataParallel(model, detect_anomalous_params=True, find_unused_parameters=True)
    optimizer, batch = wrapper(), {"inputs": torch.ones(3, 2)}
    log_vars = wrapped.train_step(batch, optimizer)
    assert optimizer.losses == [log_vars["loss"].item()]
    assert model.used.weight.grad.tolist() == [[3.0, 3.0]]
    assert "Parameters without gradient: idle.weight, idle.bias" in caplog.text
    assert wrapped.val_step(batch)[0].item() == wrapped.test_step(batch)[0].item()


def test_each_child_with_parameters_is_wrapped(group):
    model = Model()
    model.frozen = nn.Linear(1, 1).requires_grad_(False)
    separate = MMSeparateDistributedDataParallel(model)
    kinds = {name: type(child).__name__ for name, child in separate.module.named_children()}
    assert kinds == {
        "data_preprocessor": "BaseDataPreprocessor", "used": "MMDistributedDataParallel",
        "idle": "MMDistributedDataParallel", "frozen": "Linear",
    }  # fmt: skip
    assert separate(torch.ones(1, 2))[0].shape == ()
