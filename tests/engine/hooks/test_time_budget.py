"""The end of a training that shall not take longer than it may."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from mmpretrain.engine.hooks import TimeBudgetHook, time_budget
from mmpretrain.engine.schedulers import CosineAnnealingLR
from mmpretrain.errors import ConfigError

LENGTH = 5


class Clock:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


def train(monkeypatch, seconds, durations, epochs=10, resume=None):
    """Train with epochs that take so long; return epochs, the rate after each iteration, and the schedule."""
    clock = Clock()
    monkeypatch.setattr(time_budget, "time", clock)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = CosineAnnealingLR(
        optimizer, T_max=epochs * LENGTH, eta_min=0.01, begin=0, end=epochs * LENGTH, by_epoch=False
    )
    state = SimpleNamespace(
        epoch=0, max_epochs=epochs, max_iters=epochs * LENGTH, by_epoch=True, training=True
    )
    runner = SimpleNamespace(state=state, train_dataloader=[0] * LENGTH, param_schedulers=[schedule])
    if resume is not None:
        state.epoch = resume.state.epoch
        schedule.load_state_dict(resume.param_schedulers[0].state_dict())
    hook, rates = TimeBudgetHook(seconds), []
    hook.before_train(runner)
    while state.epoch < state.max_epochs:
        for _ in range(LENGTH):
            rates.append(optimizer.param_groups[0]["lr"])
            schedule.step()
        clock.now += durations[state.epoch]
        state.epoch += 1
        hook.after_val_epoch(runner, {})
    return runner, rates


def test_enough_time_changes_nothing(monkeypatch):
    runner, rates = train(monkeypatch, 100, [5] * 10)
    assert runner.state.epoch == 10
    usual = [0.01 + 0.99 * (1 + torch.cos(torch.tensor(torch.pi * t / 50)).item()) / 2 for t in range(50)]
    assert rates == pytest.approx(usual, abs=1e-4)


@pytest.mark.parametrize(
    ("durations", "epochs"),
    [([10] * 10, 5), ([5, 5, 15, 15, 15, 15], 5), ([60], 1), ([20, 4, 4, 4, 4, 4, 4, 4], 8)],
)
def test_epochs_that_take_longer_end_the_training_earlier(monkeypatch, durations, epochs):
    runner, rates = train(monkeypatch, 50, durations)
    assert runner.state.epoch == epochs
    assert runner.state.max_iters == epochs * LENGTH
    assert all(before >= after for before, after in pairwise(rates))
    if epochs > 3:
        assert rates[-1] < 0.1, "the rate is all the way down"


def test_a_run_that_was_shortened_is_over_when_it_is_resumed(monkeypatch):
    runner, _ = train(monkeypatch, 50, [10] * 10)
    again, rates = train(monkeypatch, 50, [10] * 10, resume=runner)
    assert (again.state.epoch, rates) == (5, [])


def test_runs_without_epochs(monkeypatch):
    state = SimpleNamespace(by_epoch=False)
    runner = SimpleNamespace(state=state, train_dataloader=[0], param_schedulers=[])
    with pytest.raises(ConfigError, match="count epochs"):
        TimeBudgetHook(3).before_train(runner)
    with pytest.raises(ConfigError, match="positive number"):
        TimeBudgetHook(0)
