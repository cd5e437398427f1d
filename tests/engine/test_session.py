"""Finding the run that is under way without a runner at hand."""

from __future__ import annotations

import gc
import threading

import pytest
from torch import nn

from mmpretrain.engine import session
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner import MessageHub
from mmpretrain.errors import TrainingError
from tests.engine import tiny


@pytest.fixture(autouse=True)
def no_other_runs(monkeypatch):
    """Runners of earlier tests may still wait for the garbage collector, or belong to fixtures."""
    gc.collect()
    monkeypatch.setattr(session, "_known", type(session._known)())


class Annealed(tiny.TinyModel):
    """Asks for the iteration in the loss, as upstream's maintainers advise (mmcv#2531)."""

    def __init__(self) -> None:
        super().__init__()
        self.built_in = MessageHub.get_current_instance().instance_name
        self.seen: list[int] = []

    def forward(self, inputs, data_samples=None, mode="tensor"):
        if mode == "loss":
            self.seen.append(MessageHub.get_current_instance().get_info("iter"))
        return super().forward(inputs, data_samples, mode)


def test_a_loss_reads_the_iteration(make_runner):
    runner = make_runner(model=dict(type=Annealed), experiment_name="tuning")
    runner.train()
    assert runner.model.seen == list(range(24))
    assert runner.model.built_in == runner.experiment_name
    assert session.current() is runner  # the only one, also when it is over


def test_without_a_run_it_says_so(monkeypatch):
    monkeypatch.setattr(session, "_under_way", [])
    monkeypatch.setattr(session, "_known", set())
    with pytest.raises(TrainingError, match="No run is under way"):
        session.current()


def test_without_a_run_the_hub_is_read_by_none(monkeypatch, make_runner):
    """Scripts of 1.x that call a model by hand write the length of their run there."""
    with monkeypatch.context() as patch:
        patch.setattr(session, "_under_way", [])
        patch.setattr(session, "_known", set())
        hub = MessageHub.get_current_instance()
        hub.update_info("max_iters", 7)
        assert MessageHub.get_current_instance().get_info("max_iters") == 7
    assert make_runner().message_hub is not hub


class Nested(Hook):
    """Tests with a second runner in the middle of a run."""

    def __init__(self, other) -> None:
        self.other = other
        self.found: list[object] = []

    def after_train_epoch(self, runner) -> None:
        self.other.register_hook(Note(self.found))
        self.other.test()
        self.found.append(session.current())


class Note(Hook):
    def __init__(self, found) -> None:
        self.found = found

    def before_test(self, runner) -> None:
        self.found.append(session.current())


def test_the_innermost_of_nested_runs_is_current(make_runner, tmp_path):
    inner = make_runner(work_dir=str(tmp_path / "inner"))
    hook = Nested(inner)
    outer = make_runner(train_cfg=dict(max_epochs=1), custom_hooks=[hook])
    with pytest.raises(TrainingError, match="2 runs exist"):
        session.current()
    outer.train()
    assert hook.found == [inner, outer]


class Thread(Hook):
    """Asks in another thread, where the runner is not known by context."""

    def __init__(self) -> None:
        self.found: list[object] = []

    def before_run(self, runner) -> None:
        thread = threading.Thread(target=lambda: self.found.append(session.current()))
        thread.start()
        thread.join()


def test_other_threads_find_the_only_run_under_way(make_runner, tmp_path):
    waiting = make_runner(work_dir=str(tmp_path / "waiting"))
    hook = Thread()
    runner = make_runner(custom_hooks=[hook])
    runner.test()
    assert hook.found == [runner]
    assert isinstance(waiting.model, nn.Module)


def test_finished_runs_that_nothing_holds_do_not_count(tmp_path):
    """Regression: the list of the runs kept them alive while garbage was collected."""

    def finished(name):
        runner = tiny.make_runner(work_dir=str(tmp_path / name))
        runner.call_hook("before_run")
        runner.itself = runner  # as loops and runners refer to each other
        return runner

    gc.disable()
    try:
        for name in "ab":
            finished(name)
        kept = finished("c")
        assert session.current() is kept
    finally:
        gc.enable()
