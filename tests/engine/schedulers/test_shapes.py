"""Tests of :mod:`mmpretrain.engine.schedulers.shapes`."""

from __future__ import annotations

import gzip
import json

import pytest

from mmpretrain.errors import ConfigError
from tests.engine.schedulers.building import DATA, FACTS, REFERENCE, advance, point, schedulers_of, wrapper_of
from tests.engine.schedulers.scheduler_cases import (
    CASES,
    EPOCH_LENGTH,
    EPOCHS,
    EXTRA,
    SGD,
)


def curve(wrapper, schedulers, iterations, wanted=None, length=EPOCH_LENGTH):
    points = []
    for iteration in range(iterations):
        if wanted is None or iteration in wanted:
            points.append(point(wrapper, iteration))
        advance(schedulers, iteration, length)
    return points


def assert_curves_agree(got, expected):
    assert len(got) == len(expected)
    for a, b in zip(got, expected):
        assert a[: len(b)] == [x if x is None else pytest.approx(x, rel=1e-6, abs=1e-12) for x in b], a[0]


@pytest.mark.parametrize("name", CASES)
def test_reference_curves(name):
    optimizer, cfg = CASES[name]
    wrapper = wrapper_of(optimizer, **EXTRA.get(name, {}))
    got = curve(wrapper, schedulers_of(wrapper, cfg), EPOCHS * EPOCH_LENGTH)
    assert_curves_agree(got, REFERENCE[name])


def test_reference_curves_of_the_zoo():
    """Every schedule of the zoo, from its first iteration to its last."""
    resolved = json.loads(gzip.decompress((FACTS / "resolved_configs.json.gz").read_bytes()))
    entries = json.loads(gzip.decompress((DATA / "zoo.json.gz").read_bytes()))
    assert len(entries) > 110
    for entry in entries:
        cfg = resolved[entry["path"]]
        settings = cfg["optim_wrapper"]["optimizer"]
        sgd = {"type": "SGD", "lr": settings["lr"], "weight_decay": settings.get("weight_decay", 0)}
        wrapper = wrapper_of(sgd)
        run, length = cfg["train_cfg"], entry["epoch_length"]
        epochs, iters = run.get("max_epochs"), run.get("max_iters")
        iters = iters or epochs * length
        schedulers = schedulers_of(wrapper, cfg["param_scheduler"], epochs, iters, length)
        wanted = {point[0] for point in entry["points"]}
        assert_curves_agree(curve(wrapper, schedulers, iters, wanted, length), entry["points"])


def test_every_schedule_of_the_zoo_is_in_the_reference():
    resolved = json.loads(gzip.decompress((FACTS / "resolved_configs.json.gz").read_bytes()))
    entries = json.loads(gzip.decompress((DATA / "zoo.json.gz").read_bytes()))
    covered = {json.dumps(resolved[entry["path"]]["param_scheduler"]) for entry in entries}
    runs = [
        cfg
        for cfg in resolved.values()
        if "param_scheduler" in cfg and "optimizer" in cfg.get("optim_wrapper", ())
    ]
    assert {json.dumps(cfg["param_scheduler"]) for cfg in runs} == covered


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        ({"type": "StepLR", "step_size": 1, "begin": 5, "end": 5}, "must end after it begins"),
        ({"type": "LinearLR", "start_factor": 1.5}, "start_factor must lie between 0 and 1"),
        ({"type": "ConstantLR", "factor": -1}, "factor must lie between 0 and 1"),
        ({"type": "CosineAnnealingLR", "eta_min": 0, "eta_min_ratio": 0.1}, "not both"),
        ({"type": "CosineRestartLR", "periods": [1, 2]}, "as many restart_weights"),
        ({"type": "OneCycleLR", "eta_max": 1, "pct_start": 2.0}, "pct_start"),
        ({"type": "OneCycleLR", "eta_max": 1, "total_steps": -1}, "total_steps"),
        ({"type": "OneCycleLR", "eta_max": 1, "anneal_strategy": "poly"}, "anneal_strategy"),
        ({"type": "OneCycleLR", "eta_max": [1.0, 2.0]}, "2 values for 1 parameter groups"),
        ({"type": "OneCycleParamScheduler", "param_name": "momentum"}, "learning rate"),
        ({"type": "ReduceOnPlateauLR", "factor": 1.0}, "factor below 1"),
        ({"type": "ReduceOnPlateauLR", "rule": "more"}, "rule must be"),
        ({"type": "ReduceOnPlateauLR", "threshold": -1}, "threshold must not"),
        ({"type": "ReduceOnPlateauLR", "threshold_rule": "x"}, "threshold_rule"),
        ({"type": "ReduceOnPlateauLR", "by_epoch": False}, "by_epoch must be True"),
        ({"type": "ReduceOnPlateauLR", "min_value": [0.1, 0.2]}, "2 values for 1"),
        (
            {"type": "StepParamScheduler", "param_name": "temperature", "step_size": 1},
            "'temperature'.*It has: .*lr",
        ),
        (
            {"type": "StepLR", "step_size": 1, "by_epoch": False, "convert_to_iter_based": True},
            "by_epoch=False",
        ),
    ],
)
def test_wrong_settings(cfg, message):
    with pytest.raises(ConfigError, match=message):
        schedulers_of(wrapper_of(SGD), cfg)


def test_warm_up_from_zero():
    wrapper = wrapper_of(SGD)
    scheduler = schedulers_of(wrapper, {"type": "LinearLR", "start_factor": 0, "end": 5})[0]
    values = []
    for _ in range(6):
        values.append(wrapper.param_groups[0]["lr"])
        scheduler.step()
    assert values == pytest.approx([0, 0.025, 0.05, 0.075, 0.1, 0.1])


def test_restarts_go_down_to_zero():
    wrapper = wrapper_of(SGD)
    scheduler = schedulers_of(wrapper, {"type": "CosineRestartLR", "periods": [4]})[0]
    values = []
    for _ in range(5):
        values.append(wrapper.param_groups[0]["lr"])
        scheduler.step()
    assert values[:4] == pytest.approx([0.1, 0.0853553, 0.05, 0.0146447], rel=1e-5)
