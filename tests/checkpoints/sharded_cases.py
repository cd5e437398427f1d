"""What the tests of checkpoints in pieces share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import tiny
from tests.engine.ranks import run_ranks
from tests.engine.runner.distributed_cases import Linear
from tests.engine.runner.test_checkpoint import Journal, StopAt

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
