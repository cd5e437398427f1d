"""SIGTERM and Ctrl-C: the run saves where it is, exits with 143 or 130, and continues from there."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmpretrain.checkpoints import serialization
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner import signals
from mmpretrain.engine.runner.launch import init_process_group
from mmpretrain.engine.runner.signals import SignalGuard
from mmpretrain.engine.runner.state import RunState
from mmpretrain.utils.dist import get_rank
from tests.engine import tiny
from tests.engine.ranks import exit_codes, fork_ranks, run_ranks
from tests.engine.runner.distributed_cases import Normed
from tests.engine.runner.test_checkpoint import build, journal, outcome, same


class Send(Hook):
    """Sends signals to this process, at a chosen call."""

    priority = "LOWEST"

    def __init__(self, point: str, at: int, *numbers: int) -> None:
        def send(runner, **kwargs):
            if runner.iter == at:
                for number in numbers:
                    os.kill(os.getpid(), number)

        setattr(self, point, send)


def train(folder: Path, processes: int, sender: int = 0, hook: Hook | None = None, **changes) -> list[int]:
    """Train in forks; return their exit codes."""

    work, launcher = folder / "work", "pytorch" if processes > 1 else "none"
    work.mkdir(exist_ok=True)

    def run():
        runner = build(
            work, model=Normed(), batch_size=8 // processes, launcher=launcher, log_level="INFO", **changes
        )
        if hook is not None and runner.rank == sender:
            runner.register_hook(hook)
        runner.train()

    return exit_codes(fork_ranks(run, folder / "ranks", processes))


@pytest.fixture(scope="module", params=[1, 2], ids=["alone", "two processes"])
def straight(request, tmp_path_factory):
    """The number of processes, and the work folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("straight")
    assert train(folder, request.param) == [0] * request.param
    return request.param, folder / "work"


@pytest.mark.parametrize(
    ("point", "at", "number"),
    [
        ("before_run", 0, signal.SIGTERM),
        ("before_train_iter", 6, signal.SIGTERM),
        ("before_train_iter", 5, signal.SIGINT),
        ("before_train_iter", 7, signal.SIGHUP),
        ("after_train_epoch", 8, signal.SIGTERM),
        ("before_val_iter", 4, signal.SIGINT),
        ("after_val_iter", 8, signal.SIGTERM),
        ("before_save_checkpoint", 8, signal.SIGINT),
    ],
)
def test_the_run_saves_and_goes_on_exactly(tmp_path, straight, point, at, number):
    """The last process gets the signal; all save once, and leave nothing but whole files."""
    processes, expected = straight
    codes = train(tmp_path, processes, processes - 1, Send(point, at, number))
    assert codes == [128 + number] * processes
    work = tmp_path / "work"
    log = next(path for path in work.glob("*/*.log") if "rank" not in path.name).read_text()
    assert log.count("Interrupted after iteration") == 1
    assert "--resume" in log
    assert (work / "last_checkpoint").read_text() == str(work / "interrupted.pth")
    for path in work.glob("*.pth"):
        serialization.verify(path)
    assert not list(work.glob(".*"))
    assert train(tmp_path, processes, resume=True) == [0] * processes
    assert same(outcome(work, name="iter_12.pth"), outcome(expected))
    assert journal(work) == journal(expected)


def test_processes_may_have_different_numbers_of_batches(tmp_path):
    """In a validation of 9 samples, the first process has one batch more than the second."""

    def validate():
        loader = tiny.loader(9, 1) | dict(sampler=dict(type="DefaultSampler", round_up=False))
        options = dict(work_dir=str(tmp_path / "work"), val_dataloader=loader, launcher="pytorch")
        return tiny.make_runner(model=Normed(), log_level="ERROR", **options).val()

    first, second = run_ranks(validate, tmp_path / "ranks")
    assert first == second


@pytest.mark.parametrize(("pause", "calls", "expected"), [(0.4, 8, range(3, 5)), (0.001, 40, range(4, 8))])
def test_processes_agree_about_once_a_second(tmp_path, monkeypatch, pause, calls, expected):
    """One of them is slow: with long iterations they ask each other more often, and always together."""

    def ask():
        now = [0.0]
        monkeypatch.setattr(signals, "time", SimpleNamespace(monotonic=lambda: now[0]))
        guard, asked = SignalGuard(RunState("", "")), []
        all_reduce = signals.all_reduce
        monkeypatch.setattr(signals, "all_reduce", lambda *args: asked.append(args) or all_reduce(*args))
        init_process_group("pytorch")
        for _ in range(calls):
            now[0] += pause * get_rank()
            assert guard.agreed() is None
        if get_rank() == 1:
            guard.state.interrupted_by = signal.SIGTERM
        return len(asked), guard.agreed(ask=True)

    (asked, number), second = run_ranks(ask, tmp_path)
    assert second == (asked, number) == (asked, signal.SIGTERM)
    assert asked in expected


def test_a_process_that_is_left_alone_says_so(tmp_path):
    """The second process is killed: the first one ends at once, in one sentence."""

    def run():
        runner = build(tmp_path, model=Normed(), launcher="pytorch")
        if runner.rank == 1:
            runner.register_hook(Send("before_train_iter", 5, signal.SIGKILL))
        runner.train()

    began = time.monotonic()
    assert exit_codes(fork_ranks(run, tmp_path / "ranks")) == [1, -signal.SIGKILL]
    assert time.monotonic() - began < 300, "processes of gloo wait for half an hour"
    said = (tmp_path / "ranks" / "rank0.txt").read_text()
    assert "TrainingError: Another process of the run has ended" in said


def test_the_same_request_twice_is_one_request(monkeypatch):
    """torchrun passes on what a cluster has sent to all processes; a person who repeats it is in a hurry."""
    state = RunState("", "")
    with SignalGuard(state):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert state.interrupted_by == signal.SIGTERM
        monkeypatch.setattr(signals, "SAME_REQUEST", 0)
        with pytest.raises(SystemExit) as info:
            os.kill(os.getpid(), signal.SIGINT)
        assert info.value.code == 130


def test_nohup_counts(monkeypatch):
    """A run that was started to survive its terminal does."""
    monkeypatch.setattr(signals, "SAME_REQUEST", 0)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        state = RunState("", "")
        with SignalGuard(state):
            os.kill(os.getpid(), signal.SIGHUP)
            assert state.interrupted_by is None
    finally:
        signal.signal(signal.SIGHUP, before)
