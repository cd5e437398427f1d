"""Loss trajectories equal those of the reference environment (mmpretrain 1.2, mmengine 0.10.7).

The numbers in ``data/trajectories.json`` come from the reference's Runner over the cases of
``trajectory_cases.py``: three epochs of four batches of eight samples, unshuffled.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks import EMAHook, Hook
from mmpretrain.engine.runner import Runner
from mmpretrain.models.base import BaseModel
from tests.golden.trajectory_cases import CASES, depth, fill, layers, make_data

REFERENCE = json.loads((Path(__file__).parent / "data" / "trajectories.json").read_text())


class Net(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        for name, part in layers().items():
            setattr(self, name, part)
        fill(self)

    def get_layer_depth(self, name, prefix=""):
        return depth(name)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        scores = self.head(self.norm(torch.tanh(self.stem(inputs)) + self.bias))
        if mode == "loss":
            return {"loss": nn.functional.cross_entropy(scores, data_samples)}
        return scores


class Journal(Hook):
    priority = "LOWEST"

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.rates: list[float] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append(float(outputs["loss"].detach()))
        self.rates.append(runner.optim_wrapper.param_groups[0]["lr"])


@pytest.mark.parametrize("name", list(CASES))
def test_trajectory(tmp_path, name):
    case, expected, journal = CASES[name], REFERENCE[name], Journal()
    runner = Runner(
        model=Net(),
        work_dir=str(tmp_path),
        train_dataloader=dict(
            dataset=make_data(),
            batch_size=8,
            sampler=dict(type="DefaultSampler", shuffle=False),
            collate_fn=torch.utils.data.default_collate,
        ),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=case["optim_wrapper"],
        param_scheduler=case.get("param_scheduler"),
        custom_hooks=[journal, *case.get("hooks", [])],
        default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=-1, save_last=False)),
        randomness=dict(seed=0),
        log_level="ERROR",
        visualizer=dict(type="Visualizer"),
        cfg=dict(device="cpu"),
    )
    runner.train()
    assert journal.losses == pytest.approx(expected["losses"], rel=1e-4)
    assert journal.rates == pytest.approx(expected["lr"], rel=1e-6)
    total = sum(float(p.double().abs().sum()) for p in runner.model.parameters())
    assert total == pytest.approx(expected["params"], rel=1e-5)
    for hook in runner.hooks:
        if isinstance(hook, EMAHook):
            average = sum(float(p.double().sum()) for p in hook.ema_model.module.parameters())
            assert average == pytest.approx(expected["ema"], rel=1e-5)
