"""Schedulers: the curves of the reference environment, and behaviour.

``data/cases.json`` and ``data/zoo.json.gz`` hold points ``[iteration, lr, weight_decay, momentum]`` that
:func:`curve` gave in the reference environment (mmengine 0.10.7), with its ``build_iter_from_epoch`` and the
defaults for ``end`` of its Runner: the first for ``scheduler_cases``, the second for every distinct schedule
of the zoo over the whole run.
"""

from __future__ import annotations

import copy
import gzip
import inspect
import json
import pickle
from pathlib import Path

import pytest
import torch

from mmpretrain.engine.optimizers import OptimWrapperDict, build_optim_wrapper
from mmpretrain.engine.schedulers import ParamScheduler, build_param_schedulers
from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import PARAM_SCHEDULERS
from tests.engine.schedulers.scheduler_cases import (
    ADAM,
    CASES,
    EPOCH_LENGTH,
    EPOCHS,
    EXTRA,
    METRICS,
    PLATEAU,
    SGD,
)

DATA = Path(__file__).parent / "data"
REFERENCE = json.loads((DATA / "cases.json").read_text())
FACTS = Path(__file__).parents[2] / "facts"


def wrapper_of(optimizer, **extra):
    return build_optim_wrapper(torch.nn.Linear(2, 1), {"optimizer": copy.deepcopy(optimizer), **extra})


def schedulers_of(wrapper, cfg, epochs=EPOCHS, iters=None, length=EPOCH_LENGTH):
    iters = epochs * length if iters is None else iters
    built = build_param_schedulers(cfg, wrapper, max_epochs=epochs, max_iters=iters, epoch_length=length)
    assert isinstance(built, list)
    return built


def point(wrapper, iteration):
    group = wrapper.param_groups[0]
    momentum = group["betas"][0] if "betas" in group else group.get("momentum")
    return [iteration, group["lr"], group.get("weight_decay"), momentum]


def advance(schedulers, iteration, length):
    """What ParamSchedulerHook does after an iteration, and after an epoch."""
    for scheduler in schedulers:
        if not scheduler.by_epoch:
            scheduler.step()
    if (iteration + 1) % length == 0:
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()


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


@pytest.mark.parametrize("name", PLATEAU)
def test_reference_plateaus(name):
    optimizer, cfg = PLATEAU[name]
    wrapper = wrapper_of(optimizer)
    scheduler = PARAM_SCHEDULERS.build(cfg, default_args={"optimizer": wrapper})
    for metric, expected in zip(METRICS, REFERENCE[name]):
        scheduler.step()
        scheduler.step({"acc": metric})
        group = wrapper.param_groups[0]
        assert [group["lr"], group["momentum"]] == pytest.approx(expected)


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


@pytest.mark.parametrize("name", [*CASES, *(f"plateau-{name}" for name in PLATEAU)])
def test_state_survives_saving(name):
    """A run that is saved in the middle and goes on with new objects gives the same curve."""
    optimizer, cfg = PLATEAU[name[8:]] if name.startswith("plateau-") else CASES[name]
    cfg = cfg if isinstance(cfg, list) else [cfg]

    def build():
        wrapper = wrapper_of(optimizer, **EXTRA.get(name, {}))
        return wrapper, schedulers_of(wrapper, cfg)

    def go(wrapper, schedulers, begin, end):
        points = []
        for iteration in range(begin, end):
            points.append(point(wrapper, iteration))
            if name.startswith("plateau-"):
                schedulers[0].step()
                schedulers[0].step({"acc": METRICS[iteration % len(METRICS)]})
            else:
                advance(schedulers, iteration, EPOCH_LENGTH)
        return points

    whole, halves = go(*build(), 0, 40), build()
    first = go(*halves, 0, 17)
    saved = pickle.loads(pickle.dumps([halves[0].state_dict(), [s.state_dict() for s in halves[1]]]))
    wrapper, schedulers = build()
    wrapper.load_state_dict(saved[0])
    for scheduler, state in zip(schedulers, saved[1]):
        scheduler.load_state_dict(state)
    assert first + go(wrapper, schedulers, 17, 40) == whole


# -- names, arguments and errors ----------------------------------------------------------------------


def test_all_schedulers_of_the_reference_are_here():
    components = json.loads(gzip.decompress((FACTS / "components.json.gz").read_bytes()))
    names = [*components["mmengine.PARAM_SCHEDULERS"], *components["mmpretrain.PARAM_SCHEDULERS"]]
    assert len(names) == 30
    for name in names:
        kind = PARAM_SCHEDULERS.get(name)
        assert issubclass(kind, ParamScheduler), name
        assert kind.__name__ == name
        parameters = inspect.signature(kind).parameters
        assert {"optimizer", "begin", "end", "last_step", "by_epoch", "verbose"} <= set(parameters), name
        assert ("param_name" in parameters) == name.endswith("ParamScheduler"), name


def test_misspelt_argument_is_found_before_building():
    with pytest.raises(
        ArgumentError, match=r"CosineAnnealingLR has no argument 'T_mx'\. Did you mean 'T_max'"
    ):
        PARAM_SCHEDULERS.build(
            {"type": "CosineAnnealingLR", "T_mx": 3}, default_args={"optimizer": wrapper_of(SGD)}
        )
    with pytest.raises(ArgumentError, match="start_factr"):
        schedulers_of(
            wrapper_of(SGD), {"type": "LinearLR", "start_factr": 0.1, "convert_to_iter_based": True}
        )


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


def test_momentum_needs_momentum():
    with pytest.raises(ConfigError, match="momentum or betas"):
        schedulers_of(wrapper_of({"type": "Adagrad", "lr": 0.1}), {"type": "StepMomentum", "step_size": 1})


def test_conversion_needs_epochs():
    with pytest.raises(ConfigError, match="loop over epochs"):
        build_param_schedulers(
            {"type": "StepLR", "step_size": 1, "convert_to_iter_based": True}, wrapper_of(SGD), max_iters=10
        )


def test_one_cycle_does_not_outlast_its_steps():
    scheduler = schedulers_of(
        wrapper_of(SGD), {"type": "OneCycleLR", "eta_max": 1, "total_steps": 2, "end": 9}
    )[0]
    scheduler.step()
    scheduler.step()
    with pytest.raises(ConfigError, match="total_steps=2"):
        scheduler.step()


def test_plateau_needs_its_metric():
    scheduler = schedulers_of(wrapper_of(SGD), {"type": "ReduceOnPlateauLR", "monitor": "acc"})[0]
    assert scheduler.need_val_args
    with pytest.raises(ConfigError, match=r"watches 'acc', .* does not report\. It reports: loss"):
        scheduler.step({"loss": 1.0})


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


def test_groups_without_decay_keep_it():
    wrapper = wrapper_of(ADAM, paramwise_cfg={"bias_decay_mult": 0.0})
    cfg = {"type": "CosineAnnealingWeightDecay", "eta_min": 0.2, "T_max": 3}
    scheduler = schedulers_of(wrapper, cfg)[0]
    for _ in range(3):
        scheduler.step()
    assert [group["weight_decay"] for group in wrapper.optimizer.param_groups] == pytest.approx([0.2, 0.0])


def test_plain_optimizer_and_last_value():
    optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=1.0)
    scheduler = PARAM_SCHEDULERS.get("ExponentialLR")(optimizer, gamma=0.5, verbose=True)
    scheduler.step()
    assert scheduler.get_last_value() == [0.5]
    resumed = PARAM_SCHEDULERS.get("ExponentialLR")(optimizer, gamma=0.5, last_step=1)
    assert (resumed.last_step, optimizer.param_groups[0]["lr"]) == (2, 0.25)
    fresh = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=1.0)
    with pytest.raises(KeyError, match="initial_lr"):
        PARAM_SCHEDULERS.get("ExponentialLR")(fresh, gamma=0.5, last_step=1)
    with pytest.raises(TypeError, match="needs an optimizer"):
        PARAM_SCHEDULERS.get("StepLR")(3, 1)


def test_several_optimizers():
    wrappers = OptimWrapperDict(a=wrapper_of(SGD), b=wrapper_of(ADAM))
    same = build_param_schedulers([{"type": "StepLR", "step_size": 1}], wrappers, max_epochs=3)
    each = build_param_schedulers({"b": {"type": "StepLR", "step_size": 1}}, wrappers, max_epochs=3)
    assert isinstance(same, dict)
    assert isinstance(each, dict)
    assert [len(items) for items in same.values()] == [1, 1]
    assert {name: len(items) for name, items in each.items()} == {"a": 0, "b": 1}
    assert same["a"][0].end == 3


def test_built_schedulers_and_none():
    wrapper = wrapper_of(SGD)
    scheduler = schedulers_of(wrapper, {"type": "StepLR", "step_size": 1})[0]
    assert schedulers_of(wrapper, [scheduler]) == [scheduler]
    assert schedulers_of(wrapper, None) == []


def test_custom_curve_of_1x():
    """A subclass that overrides ``_get_value``, as user code of 1.x does."""

    class Halve(PARAM_SCHEDULERS.get("_ParamScheduler") or ParamScheduler):
        def __init__(self, optimizer, **kwargs):
            super().__init__(optimizer, param_name="lr", **kwargs)

        def _get_value(self):
            return [group["lr"] / 2 for group in self.optimizer.param_groups]

    wrapper = wrapper_of(SGD)
    schedulers_of(wrapper, {"type": Halve})[0].step()
    assert wrapper.param_groups[0]["lr"] == 0.025


def test_state_of_mmengine_loads():
    """Entries that only MMEngine has, such as the annealing function of OneCycle, do no harm."""
    scheduler = schedulers_of(wrapper_of(SGD), {"type": "OneCycleLR", "eta_max": 1.0})[0]
    scheduler.load_state_dict(
        {"last_step": 3, "_global_step": 3, "anneal_func": print, "_schedule_phases": []}
    )
    assert scheduler.last_step == 3
    assert not hasattr(scheduler, "anneal_func")
