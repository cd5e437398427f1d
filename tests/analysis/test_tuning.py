"""Searching settings: the space, the metric, and trials that are ended early."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmpretrain.analysis.tuning import (
    Dimension,
    ReportHook,
    best_values,
    changed,
    direction,
    metric_of,
    open_study,
    parse_space,
    run_trial,
)  # fmt: skip
from mmpretrain.errors import ConfigError
from tests.analysis.tuning_cases import small_config


def test_space() -> None:
    assert parse_space(["lr=1e-5..1e-2:log", "batch_size=16,32", "train_cfg.max_epochs=1..3"]) == [
        Dimension("lr", ("optim_wrapper.optimizer.lr",), 1e-5, 1e-2, True),
        Dimension("batch_size", ("train_dataloader.batch_size",), choices=(16, 32)),
        Dimension("train_cfg.max_epochs", ("train_cfg.max_epochs",), 1, 3),
    ]
    assert parse_space(["model.backbone.type=LeNet5, ResNet"])[0].choices == ("LeNet5", "ResNet")
    assert parse_space(["model.head.topk=(1,),(1,5)"])[0].choices == ((1,), (1, 5))
    assert parse_space(["lr=.1..1"])[0].low == 0.1
    mixed = parse_space(["x=0..0.5"])[0]
    assert isinstance(mixed.low, float)
    whole = parse_space(["lr=0..1", "optim_wrapper.optimizer.lr=1..2", "epochs=1..3"])
    assert [type(one.low) for one in whole] == [float, float, int]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr", "no range of a setting"),
        ("lr=", "no range of a setting"),
        ("lr=1..0.1", "cannot go from 1 to 0.1"),
        ("lr=0..1:log", "by its logarithm"),
        ("lr=5", "one value only"),
        ("lr=nan..1", "has no range of numbers"),
        ("lr=1..2..3", "has no range of numbers"),
        ("lr=[1,2", "cannot be read"),
        ("a b=1,2", "no range of a setting"),
        ("__import__('os')=1,2", "no range of a setting"),
    ],
)
def test_wrong_space(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_space([text])


def test_a_setting_given_twice() -> None:
    with pytest.raises(ConfigError, match="lr is given twice"):
        parse_space(["lr=1,2", "lr=3,4"])


def test_the_metric_of_a_config(tmp_path: Path) -> None:
    cfg = small_config(tmp_path)
    assert metric_of(cfg) == "accuracy/top1"
    cfg.default_hooks.checkpoint.save_best = "auto"
    with pytest.raises(ConfigError, match="--metric accuracy/top1"):
        metric_of(cfg)
    assert direction("single-label/f1-score") == direction("multi-label/mAP") == "greater"
    assert direction("regression/mae") == "less"
    assert direction("loss", "greater") == "greater"


def test_values_reach_the_config(tmp_path: Path) -> None:
    cfg = small_config(tmp_path)
    space = parse_space(["lr=1..2", "model.head.mid_channels=[4],[8]"])
    new = changed(cfg, space, {"lr": 1.5, "model.head.mid_channels": [4]})
    assert new.optim_wrapper.optimizer.lr == 1.5
    assert new.model.head.mid_channels == [4]
    assert cfg.optim_wrapper.optimizer.lr == 0.01


class Trial:
    """A trial that is pruned below 0.5."""

    def __init__(self) -> None:
        self.reports: list[tuple[float, int]] = []

    def report(self, value: float, step: int) -> None:
        self.reports.append((value, step))

    def should_prune(self) -> bool:
        return self.reports[-1][0] < 0.5


def test_hook_reports_and_ends() -> None:
    runner: Any = SimpleNamespace(epoch=1, train_loop=SimpleNamespace(stop_training=False))
    hook = ReportHook(trial := Trial(), "accuracy", "greater")
    hook.after_val_epoch(runner, {"accuracy": 0.9})
    assert not runner.train_loop.stop_training
    hook.after_val_epoch(runner, {"accuracy": 0.4})
    assert runner.train_loop.stop_training
    assert hook.pruned
    assert hook.best == 0.9
    assert trial.reports == [(0.9, 1), (0.4, 1)]
    with pytest.raises(ConfigError, match="It gives: loss"):
        hook.after_val_epoch(runner, {"loss": 1.0})


def test_trials_are_kept_and_the_best_is_known(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    cfg = small_config(tmp_path)
    space = parse_space(["lr=0.00001,0.05", "batch_size=16..32"])
    values = []
    for number in range(2):  # opened again each time, as after a break
        study = open_study(tmp_path, "greater", seed=number)
        trial = study.ask()
        cfg.work_dir = str(tmp_path / f"trial_{number}")
        value, pruned = run_trial(cfg, space, trial, "accuracy/top1", "greater")
        assert not pruned
        study.tell(trial, value)
        values.append(value)
    assert len(study.trials) == 2
    assert study.best_value == max(values)
    assert best_values(study, space)["lr"] in (0.00001, 0.05)
    assert 16 <= best_values(study, space)["batch_size"] <= 32
    assert len(study.trials[0].intermediate_values) == 2
