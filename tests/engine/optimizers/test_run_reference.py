"""A whole run against the reference environment (mmengine 0.10.7): losses, weights, averages, schedules.

``data/run.json`` and ``data/epoch_2.pth`` are what ``Runner(**run_config(folder)).train()`` gave there: the
losses, the fingerprints of the trained and of the averaged weights, and the checkpoint after two epochs.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmpretrain.checkpoints.serialization import load
from mmpretrain.engine.hooks import EMAHook
from mmpretrain.engine.runner import Runner
from tests.engine.optimizers.optim_cases import fingerprint, run_config

DATA = Path(__file__).parent / "data"
REFERENCE = json.loads((DATA / "run.json").read_text())


def build(folder, **changes):
    args = run_config(str(folder))
    args["model"].data_preprocessor = lambda data, training: {"x": data["images"]}
    return Runner(**args, cfg={"device": "cpu"}, **changes)


def check(runner, losses):
    assert runner.model.losses == pytest.approx(losses, rel=1e-4)
    assert fingerprint(runner.model) == pytest.approx(REFERENCE["fingerprint"], rel=1e-3, abs=1e-4)
    (hook,) = runner.hooks_of(EMAHook)
    assert fingerprint(hook.ema_model.module) == pytest.approx(REFERENCE["ema"], rel=1e-3, abs=1e-4)
    assert runner.optim_wrapper.get_lr() == {
        key: pytest.approx(value) for key, value in REFERENCE["lr"].items()
    }
    momentum = {key: pytest.approx(value) for key, value in REFERENCE["momentum"].items()}
    assert runner.optim_wrapper.get_momentum() == momentum


def test_the_whole_run(tmp_path):
    runner = build(tmp_path)
    runner.train()
    check(runner, REFERENCE["losses"])
    assert "train/grad_norm" in runner.message_hub.log_scalars
    assert "train/base_lr" in runner.message_hub.log_scalars


def test_resuming_a_run_of_mmengine(tmp_path):
    """Weights, average, optimizer, loss position and schedules come from MMEngine's checkpoint."""
    runner = build(tmp_path, load_from=str(DATA / "epoch_2.pth"), resume=True)
    runner.train()
    check(runner, REFERENCE["losses"][12:])


def test_our_checkpoint_has_the_same_layout(tmp_path):
    build(tmp_path).train()
    ours, theirs = load(str(tmp_path / "epoch_2.pth")), load(str(DATA / "epoch_2.pth"))
    for key in ("state_dict", "ema_state_dict"):
        assert list(ours[key]) == list(theirs[key])
    assert set(theirs["optimizer"]) == set(ours["optimizer"])
    assert len(ours["param_schedulers"]) == len(theirs["param_schedulers"])
    for mine, other in zip(ours["param_schedulers"], theirs["param_schedulers"]):
        assert set(mine) <= set(other)
