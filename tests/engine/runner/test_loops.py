"""Tests of :mod:`mmpretrain.engine.runner.loops`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner.loops import whole_number
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.metrics.base import BaseMetric
from tests.engine import tiny
from tests.engine.ranks import run_ranks
from tests.engine.runner.distributed_cases import Linear, Normed, train


def test_iteration_loop_validates_at_its_intervals(make_runner):
    runner = make_runner(
        train_cfg=dict(by_epoch=False, max_iters=12, val_interval=5, val_begin=5, dynamic_intervals=[(8, 1)]),
        param_scheduler=None,
        default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=6, by_epoch=False)),
        log_processor=dict(by_epoch=False),
    )
    seen: list[int] = []

    class Watch(Hook):
        def before_val(self, runner):
            seen.append(runner.iter)

    runner.register_hook(Watch())
    runner.train()
    assert seen == [5, 8, 9, 10, 11, 12]
    assert Path(runner.work_dir, "iter_6.pth").exists()
    assert Path(runner.work_dir, "iter_12.pth").exists()


def test_no_default_hook_is_needed(make_runner, tmp_path):
    """Loops, validations and the order of samples are the same without any hook but the schedulers'."""
    first = make_runner(work_dir=str(tmp_path / "first"))
    first.train()
    names = ("runtime_info", "invalid_loss", "timer", "sampler_seed", "logger", "checkpoint")
    second = make_runner(work_dir=str(tmp_path / "second"), default_hooks=dict.fromkeys(names))
    second.train()
    for one, two in zip(first.model.state_dict().values(), second.model.state_dict().values()):
        assert torch.equal(one, two)
    assert second.state.metrics == first.state.metrics
    assert second.message_hub.get_info("iter") == second.state.iter == 24
    assert second.state.validated_at == 24


class Count(tiny.Hits):
    def compute_metrics(self, results):
        return {"count": len(results)}


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_of_which_nothing_could_be_read(make_runner, workers):
    """With on_error='skip' a data set returns None, and so does the collate function if nothing else came."""
    loader = tiny.loader(6, batch_size=2, workers=workers, shuffle=False)
    samples = [loader["dataset"][i] for i in range(6)]
    samples[2:4] = [None, None]
    loader.update(dataset=samples, collate_fn=lambda batch: None if batch[0] is None else tiny.collate(batch))
    runner = make_runner(val_dataloader=loader, val_evaluator=Count(), train_dataloader=loader)
    assert runner.val() == {"count": 4}
    with pytest.raises(DataError, match="None of the samples of a batch could be read"):
        runner.train()


@pytest.mark.parametrize("size", [7, 8, 30, 31])
def test_validation_is_exactly_that_of_one_process(tmp_path, size):
    """No sample counts twice, however the data divide."""

    def validate(launcher):
        runner = tiny.make_runner(
            model=Linear(),
            work_dir=str(tmp_path / launcher),
            val_dataloader=tiny.loader(size, 4, shuffle=False),
            launcher=launcher,
            log_level="ERROR",
        )
        return runner.val()

    assert run_ranks(lambda: validate("pytorch"), tmp_path / "ranks")[0] == validate("none")


class MeanScore(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [sample["score"] for sample in data_samples]

    def compute_metrics(self, results):
        return {"score": sum(results) / len(results)}


def test_processes_validate_with_the_statistics_that_are_saved(tmp_path):
    def train_and_validate():
        return train(tmp_path, model=Normed(), launcher="pytorch", val_evaluator=MeanScore()).state.metrics[
            "score"
        ]

    scores = run_ranks(train_and_validate, tmp_path / "ranks")
    saved = str(tmp_path / "epoch_3.pth")
    alone = tiny.make_runner(
        model=Normed(),
        work_dir=str(tmp_path),
        load_from=saved,
        val_evaluator=MeanScore(),
        val_dataloader=tiny.loader(30, 4),
    )
    assert scores == [pytest.approx(alone.val()["score"], rel=1e-6)] * 2


@pytest.mark.parametrize("length", [1e30, float("inf"), float("nan"), 1.5, "3"])
def test_a_length_that_no_run_has(length):
    with pytest.raises(ConfigError, match="max_epochs must be a whole number below"):
        whole_number(length, "max_epochs")


def test_whole_lengths():
    assert whole_number(3.0, "max_epochs") == 3
