"""Tests of :mod:`mmpretrain.engine.hooks.hook`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mmpretrain.engine.hooks import Hook


class General(Hook):
    def __init__(self):
        self.seen = []

    def _after_iter(self, runner, batch_idx, data_batch=None, outputs=None, mode="train"):
        self.seen.append((mode, batch_idx, outputs))

    def before_val_epoch(self, runner):
        self.seen.append("before_val_epoch")


def test_one_method_serves_all_modes():
    hook = General()
    for number, mode in enumerate(("train", "val", "test")):
        getattr(hook, f"after_{mode}_iter")(None, batch_idx=number, outputs=mode)
    assert hook.seen == [("train", 0, "train"), ("val", 1, "val"), ("test", 2, "test")]


def test_points_at_which_a_hook_acts():
    expected = ["after_train_iter", "before_val_epoch", "after_val_iter", "after_test_iter"]
    assert General().get_triggered_stages() == expected
    assert Hook().get_triggered_stages() == []
    assert not General.acts_at("a_point_of_a_user")


@pytest.mark.parametrize(
    ("n", "start", "due"),
    [(1, 0, [1, 2, 3, 4, 5, 6]), (3, 0, [3, 6]), (2, 3, [3, 5]), (0, 0, []), (-1, 0, [])],
)
def test_every_n(n, start, due):
    hook = Hook()
    runs = [SimpleNamespace(epoch=done, iter=done) for done in range(6)]
    assert [run.epoch + 1 for run in runs if hook.every_n_epochs(run, n, start)] == due
    assert [run.iter + 1 for run in runs if hook.every_n_train_iters(run, n, start)] == due
    if start == 0:
        assert [i + 1 for i in range(6) if hook.every_n_inner_iters(i, n)] == due


def test_the_last_of_each():
    hook = Hook()
    runner = SimpleNamespace(epoch=1, max_epochs=2, iter=7, max_iters=8)
    assert hook.is_last_train_epoch(runner)
    assert hook.is_last_train_iter(runner)
    assert hook.end_of_epoch([1, 2], 1)
    assert not hook.end_of_epoch([1, 2], 0)
