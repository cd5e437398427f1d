"""Tests of :mod:`mmpretrain.engine.schedulers.base`."""

from __future__ import annotations

import pickle

import pytest
import torch

from mmpretrain.engine.schedulers import ParamScheduler
from mmpretrain.registry import PARAM_SCHEDULERS
from tests.engine.schedulers.building import advance, point, schedulers_of, wrapper_of
from tests.engine.schedulers.scheduler_cases import (
    ADAM,
    CASES,
    EPOCH_LENGTH,
    EXTRA,
    METRICS,
    PLATEAU,
    SGD,
)


@pytest.mark.parametrize("name", [*CASES, *(f"plateau-{name}" for name in PLATEAU)])
def test_state_survives_saving(name):
    """A run that is saved in the middle and continues with new objects gives the same curve."""
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
