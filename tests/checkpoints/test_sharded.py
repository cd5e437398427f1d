"""Checkpoints in pieces: each process writes its own, and any number of processes reads them."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from torch.distributed.checkpoint import FileSystemWriter
from torch.distributed.checkpoint.metadata import BytesStorageMetadata

from mmpretrain.checkpoints import serialization, sharded
from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.cli.convert import convert
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError
from tests.checkpoints.test_serialization import Calls
from tests.engine import tiny
from tests.engine.ranks import exit_codes, fork_ranks, run_ranks
from tests.engine.runner.distributed_cases import Linear
from tests.engine.runner.test_checkpoint import Journal, StopAt, journal, outcome, same
from tests.engine.runner.test_signals import Send

PIECES = dict(type="FSDPStrategy", blocks=["body"], state_dict_cfg="local")


def build(work: Path, processes: int = 2, strategy: dict | None = PIECES, **changes):
    """A run with everything in it that a checkpoint must hold; a step sees eight samples."""
    work.mkdir(parents=True, exist_ok=True)
    runner = tiny.make_runner(
        model=Linear(),
        work_dir=str(work),
        train_dataloader=tiny.loader(32, 8 // processes),
        optim_wrapper=dict(optimizer=dict(type="AdamW", lr=0.01), accumulative_counts=3),
        default_hooks=dict(
            checkpoint=dict(
                type="CheckpointHook", interval=2, by_epoch=False, max_keep_ckpts=2, save_best="acc"
            )
        ),
        custom_hooks=[dict(type="EMAHook", momentum=0.1)],
        launcher="pytorch",
        cfg=dict(device="cpu", strategy=strategy),
        **{"log_level": "ERROR", **changes},
    )
    if runner.is_main:
        runner.register_hook(Journal(work / "journal.txt"))
    return runner


def train(folder: Path, processes: int = 2, stop: int | None = None, **changes) -> Path:
    """Train in some processes, all of which stop after an iteration; return the work folder."""

    def run():
        runner = build(folder / "work", processes, **changes)
        if stop is None:
            runner.train()
            return
        runner.register_hook(StopAt("after_train_iter", stop))
        with pytest.raises(KeyboardInterrupt):
            runner.train()

    run_ranks(run, folder / f"ranks of {stop}", processes)
    return folder / "work"


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The work folder of a run that nobody disturbed."""
    return train(tmp_path_factory.mktemp("straight"))


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
    """The third save of the first process ends here; the second one notices, and the run can go on."""

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
    assert time.monotonic() - began < 60
    sharded.verify((tmp_path / "work" / "last_checkpoint").read_text())
    work = train(tmp_path, resume=True)
    assert same(outcome(work, sharded.load), outcome(straight, sharded.load))
    assert journal(work) == journal(straight)


def test_a_full_disk_keeps_training_alive(tmp_path):
    """One process cannot write its pieces: all of them go on, and the older checkpoint stays."""

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
    assert "No space left on device). Training goes on" in log
    assert {path.name for path in (tmp_path / "work").glob("iter_*")} == {"iter_10.pth", "iter_12.pth"}


def copy_of(straight: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(straight / "iter_12.pth", tmp_path / "iter_12.pth"))


@pytest.mark.parametrize("kind", ["piece", "cut", "gone", "table", "index"])
def test_damage_is_noticed(tmp_path, straight, kind, caplog):
    folder = copy_of(straight, tmp_path)
    piece = next(folder.glob("parts-*/__1_0.distcp"))
    if kind == "piece":
        data = bytearray(piece.read_bytes())
        data[data.index(b"data/0") + 100] ^= 1
        piece.write_bytes(data)
    elif kind == "cut":
        piece.write_bytes(piece.read_bytes()[:-1000])
    elif kind == "gone":
        piece.unlink()
    elif kind == "table":
        (piece.parent / ".metadata").write_bytes(b"")
    else:
        (folder / "index.pth").unlink()
    with pytest.raises((CheckpointError, MissingFileError)):
        sharded.verify(folder)
    assert CheckpointStore(tmp_path).latest() is None


def test_the_table_of_pieces_runs_no_code(tmp_path, straight):
    """Neither its own pickle does, nor one that it declares to be a piece."""
    mark = tmp_path / "mark"
    evil = Calls(os.system, f"touch {mark}")
    folder = copy_of(straight, tmp_path)
    table = next(folder.glob("parts-*/.metadata"))
    original = table.read_bytes()
    content = pickle.loads(original)

    table.write_bytes(pickle.dumps(evil))
    with pytest.raises(CheckpointError):
        sharded.load(folder)

    content.planner_data = evil
    table.write_bytes(pickle.dumps(content))
    sharded.load(folder)

    key = "state_dict/body.0.weight"
    content.planner_data, content.state_dict_metadata[key] = None, BytesStorageMetadata()
    for index, place in content.storage_data.items():
        if index.fqn == key:
            (table.parent / place.relative_path).write_bytes(pickle.dumps(evil))
            place.offset, place.length = 0, 10_000
    table.write_bytes(pickle.dumps(content))
    with pytest.raises(CheckpointError):
        sharded.load(folder)

    content = pickle.loads(original)
    next(iter(content.storage_data.values())).relative_path = "../../elsewhere"
    table.write_bytes(pickle.dumps(content))
    with pytest.raises(CheckpointError, match="outside of its folder"):
        sharded.load(folder)
    assert not mark.exists()


def test_an_index_names_no_folder_elsewhere(tmp_path):
    serialization.save({"parts": "../other", "content": {}}, tmp_path / "index.pth")
    with pytest.raises(CheckpointError, match="not the index"):
        sharded.load(tmp_path)


def test_one_file_of_all_pieces(tmp_path, straight):
    """`mmpretrain convert` makes a file from which a single process goes on."""
    convert(str(straight / "iter_10.pth"), tmp_path / "whole.pth")
    resumed = train(tmp_path, 1, strategy=None, resume=True, load_from=str(tmp_path / "whole.pth"))
    ours, expected = outcome(resumed), outcome(straight, sharded.load)
    for key, value in expected["state_dict"].items():
        torch.testing.assert_close(ours["state_dict"][key], value, rtol=1e-4, atol=1e-5)
    with pytest.raises(MissingFileError, match="mmpretrain convert"):
        serialization.load(straight / "iter_10.pth")


def test_pieces_need_a_common_folder():
    with pytest.raises(ConfigError, match="folder that all processes see"):
        CheckpointStore("").save_sharded({}, "s3://bucket/epoch_1.pth")
    from mmpretrain.engine.runner.fsdp import FSDPStrategy

    with pytest.raises(ConfigError, match="Choose 'full' or 'local'"):
        FSDPStrategy(state_dict_cfg="some")


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
