"""Tests of :mod:`mmpretrain.engine.hooks.ema`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.hooks import EMAHook
from mmpretrain.errors import ConfigError
from mmpretrain.models.averaged import ExponentialMovingAverage
from tests.engine import tiny

CHECKPOINT = {"checkpoint": dict(type="CheckpointHook", interval=1, max_keep_ckpts=-1)}


def ema_of(runner):
    return runner.hooks_of(EMAHook)[0]


def load(path):
    return torch.load(path, map_location="cpu", weights_only=False)


def same(a, b):
    return set(a) == set(b) and all(torch.equal(a[key], b[key]) for key in a)


class Recorder(tiny.TinyModel):
    """Remembers its weights after each training step and at each evaluation."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.history, self.evaluated = [], []

    def weights(self):
        return {name: param.detach().clone() for name, param in self.named_parameters()}

    def train_step(self, data, optim_wrapper):
        losses = super().train_step(data, optim_wrapper)
        self.history.append(self.weights())
        return losses

    def val_step(self, data):
        self.evaluated.append(self.weights())
        return super().val_step(data)

    test_step = val_step

    def __deepcopy__(self, memo):
        copy = tiny.TinyModel()
        copy.load_state_dict(self.state_dict())
        return copy


def expected_average(start, history, momentum, begin=0):
    """The average that a loop of two lines gives."""
    average = {name: value.clone() for name, value in history[begin].items()}
    for weights in history[begin + 1 :]:
        for name, value in weights.items():
            average[name].lerp_(value, momentum)
    return average


@pytest.mark.parametrize(("begin", "arguments"), [(0, {}), (9, {"begin_iter": 10}), (8, {"begin_epoch": 2})])
def test_the_average_is_evaluated_and_saved(make_runner, tmp_path, begin, arguments):
    model = Recorder()
    hook = dict(type="EMAHook", momentum=0.2, **arguments)
    runner = make_runner(model=model, custom_hooks=[hook], default_hooks=CHECKPOINT)
    runner.train()
    for epoch in (1, 2, 3):
        done = model.history[: 8 * epoch]
        # Before the average begins, it is the model.
        average = expected_average(None, done, 0.2, begin) if len(done) > begin else done[-1]
        assert all(torch.allclose(model.evaluated[4 * epoch - 1][k], average[k]) for k in average)
        saved = load(tmp_path / "work" / f"epoch_{epoch}.pth")
        assert all(torch.allclose(saved["state_dict"][k], average[k]) for k in average)
        assert all(torch.equal(saved["ema_state_dict"][f"module.{k}"], done[-1][k]) for k in average)
        assert int(saved["ema_state_dict"]["steps"]) == max(8 * epoch - begin, 0)
    assert same(model.weights(), model.history[-1])  # training continued with its own weights


@pytest.mark.parametrize(
    "hook",
    [
        dict(type="EMAHook", momentum=0.1),
        dict(type="EMAHook", momentum=0.1, update_buffers=True, interval=3),
        dict(type="EMAHook", ema_type="MomentumAnnealingEMA", gamma=4, momentum=0.01),
        dict(type="EMAHook", ema_type="StochasticWeightAverage", begin_epoch=2),
        dict(type="EMAHook", ema_type="CosineEMA", momentum=0.3, evaluate_on_origin=True),
    ],
    ids=lambda hook: hook.get("ema_type", "EMA") + hook.get("update_buffers", False) * "-buffers",
)
@pytest.mark.parametrize("resume_from", ["epoch_1.pth", "epoch_2.pth", "iter_11.pth"])
def test_resuming_is_exact(make_runner, tmp_path, hook, resume_from):
    by_iter = resume_from.startswith("iter")
    saving = dict(
        type="CheckpointHook", interval=11 if by_iter else 1, by_epoch=not by_iter, max_keep_ckpts=-1
    )
    changes = dict(custom_hooks=[hook], default_hooks=dict(checkpoint=saving))
    whole = make_runner(work_dir=str(tmp_path / "a"), **changes)
    whole.train()
    rest = make_runner(
        work_dir=str(tmp_path / "b"), load_from=str(tmp_path / "a" / resume_from), resume=True, **changes
    )
    rest.train()
    assert rest.iter == whole.iter
    assert same(rest.model.state_dict(), whole.model.state_dict())
    assert same(ema_of(rest).ema_model.state_dict(), ema_of(whole).ema_model.state_dict())


def test_training_from_a_checkpoint_starts_from_its_average(make_runner, tmp_path):
    hook = dict(type="EMAHook", momentum=0.01)
    first = make_runner(custom_hooks=[hook], default_hooks=CHECKPOINT)
    first.train()
    path = str(tmp_path / "work" / "epoch_3.pth")
    average = {k: v.clone() for k, v in ema_of(first).ema_model.module.named_parameters()}

    class FirstBatch(Recorder):
        def train_step(self, data, optim_wrapper):
            self.start = self.weights()
            raise KeyboardInterrupt

    model = FirstBatch()
    runner = make_runner(model=model, custom_hooks=[hook], load_from=path, work_dir=str(tmp_path / "next"))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert same(model.start, average)


@pytest.mark.parametrize(
    ("arguments", "keys", "which"),
    [
        ({}, {"acc"}, ["average"]),
        ({"evaluate_on_origin": True}, {"acc", "acc_origin"}, ["average", "trained"]),
        ({"evaluate_on_ema": False, "evaluate_on_origin": True}, {"acc"}, ["trained"]),
        ({"evaluate_on_ema": False}, {"acc"}, ["trained"]),
    ],
)
@pytest.mark.parametrize("mode", ["val", "test"])
def test_which_weights_are_evaluated(make_runner, tmp_path, mode, arguments, keys, which):
    first = make_runner(custom_hooks=[dict(type="EMAHook", momentum=0.01)], default_hooks=CHECKPOINT)
    first.train()
    weights = {
        "average": dict(ema_of(first).ema_model.module.named_parameters()),
        "trained": dict(first.model.named_parameters()),
    }
    model = Recorder()
    runner = make_runner(
        model=model,
        custom_hooks=[dict(type="EMAHook", momentum=0.01, **arguments)],
        load_from=str(tmp_path / "work" / "epoch_3.pth"),
        work_dir=str(tmp_path / "next"),
    )
    getattr(runner, mode)()
    scalars = {
        key.partition("/")[2] for key in runner.message_hub.log_scalars if key.startswith(f"{mode}/acc")
    }
    assert scalars == keys
    assert len(model.evaluated) == 4 * len(which)
    for index, name in enumerate(which):
        assert same(model.evaluated[4 * index], weights[name])


def test_a_checkpoint_without_average(make_runner, tmp_path, caplog):
    plain = make_runner(default_hooks=CHECKPOINT)
    plain.train()
    model = Recorder()
    changes = dict(
        model=model,
        custom_hooks=[dict(type="EMAHook", momentum=0.01)],
        load_from=str(tmp_path / "work" / "epoch_2.pth"),
        work_dir=str(tmp_path / "next"),
    )
    make_runner(**changes).test()
    saved = load(tmp_path / "work" / "epoch_2.pth")["state_dict"]
    assert all(torch.equal(model.evaluated[0][key], saved[key]) for key in model.evaluated[0])
    make_runner(**changes, resume=True).train()
    assert "no averaged weights" in caplog.text


def test_another_head(make_runner, tmp_path):
    make_runner(custom_hooks=[dict(type="EMAHook")], default_hooks=CHECKPOINT).train()
    model = tiny.TinyModel()
    model.head = nn.Linear(8, 3)
    runner = make_runner(
        model=model,
        custom_hooks=[dict(type="EMAHook")],
        load_from=str(tmp_path / "work" / "epoch_1.pth"),
        work_dir=str(tmp_path / "next"),
    )
    runner.train()
    assert ema_of(runner).ema_model.module.head.weight.shape == (3, 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"begin_iter": 1, "begin_epoch": 1}, "not both"),
        ({"begin_iter": -1}, "before 0"),
    ],
)
def test_wrong_settings(arguments, message):
    with pytest.raises(ConfigError, match=message):
        EMAHook(**arguments)


@pytest.mark.parametrize("arguments", [{"begin_iter": 25}, {"begin_epoch": 4}])
def test_beginning_after_the_end(make_runner, arguments):
    with pytest.raises(ConfigError, match="but the run ends at"):
        make_runner(custom_hooks=[dict(type="EMAHook", **arguments)]).train()


def test_old_names():
    from mmpretrain.registry import HOOKS, MODELS

    assert HOOKS.get("mmengine.EMAHook") is HOOKS.get("mmpretrain.EMAHook") is EMAHook
    assert MODELS.get("ExponentialMovingAverage") is ExponentialMovingAverage
