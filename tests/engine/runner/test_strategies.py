"""Tests of :mod:`mmpretrain.engine.runner.strategies`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.checkpoints import serialization
from tests.engine import tiny
from tests.engine.ranks import run_ranks
from tests.engine.runner.distributed_cases import Linear, Normed, train, weights


@pytest.mark.parametrize(
    ("cfg", "model"),
    [
        (dict(), Linear),
        (dict(model_wrapper_cfg=dict(find_unused_parameters=True)), Linear),
        (dict(static_graph=True), Linear),
        (dict(strategy=dict(type="FSDPStrategy", blocks=["body"])), Linear),
        (dict(sync_bn="torch"), Normed),
    ],
    ids=["ddp", "unused parameters", "static graph", "fsdp", "sync_bn"],
)
def test_two_processes_train_like_one(tmp_path, cfg, model):
    single = train(tmp_path / "one", batch_size=8, model=model())

    def two():
        runner = train(tmp_path / "two", launcher="pytorch", cfg=cfg, model=model())
        return runner.state.metrics

    metrics = run_ranks(two, tmp_path / "ranks")
    one, other = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(other[key], value, rtol=1e-4, atol=1e-5)
    assert metrics[0] == single.state.metrics


def test_gradients_that_wait_in_copies_serve_any_number_of_processes(tmp_path):
    """Two copies stop between two steps; one process continues with the mean of their gradients."""

    def run(work, processes, **changes):
        wrapper = dict(optimizer=dict(type="SGD", lr=0.1), accumulative_counts=3)
        return tiny.make_runner(
            model=Linear(), work_dir=str(work), train_dataloader=tiny.loader(32, 8 // processes),
            optim_wrapper=wrapper, launcher="pytorch" if processes > 1 else "none", log_level="ERROR",
            default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=2, by_epoch=False)), **changes,
        ).train()  # fmt: skip

    run(tmp_path / "straight", 1)
    run_ranks(lambda: run(tmp_path / "two", 2) and None, tmp_path / "ranks")
    run(tmp_path / "one", 1, load_from=str(tmp_path / "two" / "iter_2.pth"), resume=True)
    for key, value in weights(tmp_path / "straight").items():
        torch.testing.assert_close(weights(tmp_path / "one")[key], value, rtol=1e-4, atol=1e-6)


def test_resume_with_another_strategy(tmp_path):
    """Checkpoints of pieces and of copies have one layout."""
    sharded = dict(strategy=dict(type="FSDPStrategy", blocks=["body"]))
    run_ranks(lambda: train(tmp_path / "a", launcher="pytorch", cfg=sharded) and None, tmp_path / "ranks")
    content = serialization.load(tmp_path / "a" / "epoch_2.pth")
    straight = weights(tmp_path / "a")

    def go_on():
        train(tmp_path / "b", launcher="pytorch", load_from=str(tmp_path / "a" / "epoch_2.pth"), resume=True)

    run_ranks(go_on, tmp_path / "ranks2")
    assert content["meta"]["epoch"] == 2
    for key, value in straight.items():
        torch.testing.assert_close(weights(tmp_path / "b")[key], value, rtol=1e-4, atol=1e-5)


def test_each_process_may_have_a_seed_of_its_own(tmp_path):
    def draw():
        runner = tiny.make_runner(
            work_dir=str(tmp_path), launcher="pytorch", log_level="ERROR",
            randomness=dict(seed=3, diff_rank_seed=True),
        )  # fmt: skip
        return float(torch.rand(())), runner.seed

    (a, seed_a), (b, seed_b) = run_ranks(draw, tmp_path / "ranks")
    assert a != b
    assert seed_a == seed_b == 3
