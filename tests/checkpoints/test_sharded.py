"""Checkpoints in pieces: each process writes its own, and any number of processes reads them."""

from __future__ import annotations

import os
import signal
import time

import pytest
import torch
from torch.distributed.checkpoint import FileSystemWriter

from mmpretrain.checkpoints import serialization, sharded
from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.cli.convert import convert
from mmpretrain.errors import ConfigError, MissingFileError
from tests.checkpoints.sharded_cases import PIECES, build, train
from tests.engine.ranks import exit_codes, fork_ranks, run_ranks
from tests.engine.runner.test_checkpoint import journal, outcome, same
from tests.engine.runner.test_signals import Send


def test_pieces_are_those_of_the_whole(tmp_path, straight):
    """Both kinds of checkpoint of the same run hold the same; there is nothing but folders of pieces."""
    whole = train(tmp_path, strategy=PIECES | dict(state_dict_cfg=dict(state_dict_type="FULL_STATE_DICT")))
    assert same(outcome(straight, sharded.load), outcome(whole))
    assert (straight / "last_checkpoint").read_text() == str(straight / "iter_12.pth")
    best, *kept = sorted(path.name for path in straight.glob("*.pth"))
    assert best.startswith("best_acc_")
    assert kept == ["iter_10.pth", "iter_12.pth"]
    for path in straight.glob("*.pth"):
        assert sorted(item.name[:6] for item in path.iterdir()) == ["index.", "parts-"]
        sharded.verify(path)
    index = serialization.load(straight / "iter_12.pth" / "index.pth")["content"]
    assert index["state_dict"]["body.0.weight"].is_meta
    assert len(index["rng"]) == 2


def test_an_interrupted_run_goes_on_exactly(tmp_path, straight):
    train(tmp_path, stop=8)
    work = train(tmp_path, resume=True)
    assert same(outcome(work, sharded.load), outcome(straight, sharded.load))
    assert journal(work) == journal(straight)


def test_a_signal_saves_in_pieces(tmp_path, straight):
    def run():
        runner = build(tmp_path / "work")
        if runner.rank == 1:
            runner.register_hook(Send("after_train_iter", 4, signal.SIGTERM))
        runner.train()

    assert exit_codes(fork_ranks(run, tmp_path / "ranks")) == [143, 143]
    assert sharded.is_sharded(tmp_path / "work" / "interrupted.pth")
    work = train(tmp_path, resume=True)
    assert same(outcome(work, sharded.load, "iter_12.pth"), outcome(straight, sharded.load))
    assert journal(work) == journal(straight)


@pytest.mark.parametrize(
    ("before", "after", "strategy"),
    [(2, 1, PIECES), (1, 2, PIECES), (2, 2, None), (2, 1, None)],
    ids=["fewer", "more", "copies", "alone"],
)
def test_another_number_of_processes_or_strategy_goes_on(tmp_path, straight, before, after, strategy):
    train(tmp_path, before, stop=5)
    latest = sharded.load(tmp_path / "work" / "iter_4.pth")
    assert "pending_gradients" in latest["optimizer"]
    work = train(tmp_path, after, resume=True, strategy=strategy)
    load = sharded.load if strategy else serialization.load
    ours, expected = outcome(work, load), outcome(straight, sharded.load)
    for kind in ("state_dict", "ema_state_dict"):
        for key, value in expected[kind].items():
            torch.testing.assert_close(ours[kind][key], value, rtol=1e-4, atol=1e-5)
    assert ours["param_schedulers"] == expected["param_schedulers"]


@pytest.mark.parametrize(
    ("owner", "function"),
    [
        (FileSystemWriter, "write_data"),
        (FileSystemWriter, "finish"),
        (sharded.serialization, "save"),
        (CheckpointStore, "point_to"),
        (CheckpointStore, "remove"),
    ],
    ids=["pieces", "table", "index", "pointer", "excess"],
)
def test_kill_minus_nine_while_saving(tmp_path, straight, owner, function):
    """The third save of the first process ends here; the second one notices, and the run can continue."""

    def run():
        original, calls = getattr(owner, function), []

        def dies(*args, **kwargs):
            calls.append(args)
            if len(calls) == 3 and torch.distributed.get_rank() == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)

        setattr(owner, function, dies)
        build(tmp_path / "work").train()

    began = time.monotonic()
    first, second = exit_codes(fork_ranks(run, tmp_path / "killed"))
    assert first == -signal.SIGKILL
    assert second != 0
    assert time.monotonic() - began < 300, "processes of gloo wait for half an hour"
    sharded.verify((tmp_path / "work" / "last_checkpoint").read_text())
    work = train(tmp_path, resume=True)
    assert same(outcome(work, sharded.load), outcome(straight, sharded.load))
    assert journal(work) == journal(straight)


def test_a_full_disk_keeps_training_alive(tmp_path):
    """One process cannot write its pieces: all of them continue, and the older checkpoint stays."""

    def run():
        runner = build(tmp_path / "work", log_level="INFO")
        write = FileSystemWriter.write_data

        def full(self, plan, planner):
            if 4 <= runner.iter < 8 and runner.rank == 1:
                raise OSError(28, "No space left on device")
            return write(self, plan, planner)

        FileSystemWriter.write_data = full  # type: ignore[method-assign]
        runner.train()
        return runner.iter

    assert run_ranks(run, tmp_path / "ranks") == [12, 12]
    log = next((tmp_path / "work").glob("*/*.log")).read_text()
    assert "No space left on device). Training continues" in log
    assert {path.name for path in (tmp_path / "work").glob("iter_*")} == {"iter_10.pth", "iter_12.pth"}


def test_one_file_of_all_pieces(tmp_path, straight):
    """`mmpretrain convert` makes a file from which a single process continues."""
    convert(str(straight / "iter_10.pth"), tmp_path / "whole.pth")
    resumed = train(tmp_path, 1, strategy=None, resume=True, load_from=str(tmp_path / "whole.pth"))
    ours, expected = outcome(resumed), outcome(straight, sharded.load)
    for key, value in expected["state_dict"].items():
        torch.testing.assert_close(ours["state_dict"][key], value, rtol=1e-4, atol=1e-5)
    with pytest.raises(MissingFileError, match="mmpretrain convert"):
        serialization.load(straight / "iter_10.pth")


def test_the_wrapper_of_1x_is_understood():
    """As in two configs of the zoo, ``mae/benchmarks/*-fsdp-*``."""
    from mmpretrain.engine.runner.fsdp import FSDPStrategy

    policy = {"type": "torch.distributed.fsdp.wrap.size_based_auto_wrap_policy", "min_num_params": 1e7}
    wrapper = {"auto_wrap_policy": policy, "sharding_strategy": "SHARD_GRAD_OP", "use_orig_params": True}
    strategy = FSDPStrategy(model_wrapper=wrapper)
    assert strategy.min_params == 10_000_000
    assert strategy.options["reshard_after_forward"] is False
    with pytest.raises(ConfigError, match=r"model_wrapper\.backward_prefetch.*no equivalent in FSDP2"):
        FSDPStrategy(model_wrapper={"backward_prefetch": "BACKWARD_PRE"})
