"""Hooks in two processes on the CPU."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmpretrain.checkpoints import serialization
from mmpretrain.engine.hooks import EMAHook, SwAVHook
from mmpretrain.engine.hooks.precise_bn import update_bn_stats
from mmpretrain.utils.dist import get_rank
from tests.engine import tiny
from tests.engine.ranks import run_ranks


class Tiny(tiny.TinyModel):
    def __init__(self):
        super().__init__(dropout=0.0)
        self.data_preprocessor = lambda data, training: data

    def parse_losses(self, losses):
        return losses["loss"], losses


class Plain(Tiny):
    """Without batch norm, so that two halves of a batch are as good as the whole."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__()
        self.backbone[1] = nn.Identity()


def run(folder, **changes):
    torch.manual_seed(0)
    runner = tiny.make_runner(
        model=Tiny(), work_dir=str(folder), launcher="pytorch", log_level="ERROR", **changes
    )
    runner.train()
    return runner


def test_buffers_and_averages_agree(tmp_path):
    def two():
        hooks = [
            dict(type="SyncBuffersHook"),
            dict(type="PreciseBNHook", num_samples=16, priority="HIGH"),
            dict(type="EMAHook", momentum=0.1, priority="VERY_LOW"),
        ]
        runner = run(tmp_path / "work", custom_hooks=hooks)
        (hook,) = runner.hooks_of(EMAHook)
        return runner.bare_model.state_dict(), dict(hook.ema_model.named_parameters()), runner.state.metrics

    (model, average, metrics), other = run_ranks(two, tmp_path / "ranks")
    assert all(torch.equal(value, other[0][key]) for key, value in model.items())
    assert all(torch.equal(value, other[1][key]) for key, value in average.items())
    assert not torch.equal(average["module.head.weight"], model["head.weight"])
    assert metrics == other[2]


def test_precise_bn_is_that_of_one_process_with_all_batches(tmp_path):
    batches = [torch.randn(4, 3, generator=torch.Generator().manual_seed(i)) for i in range(4)]

    class Loader(list):
        batch_size = 4

    def stats(mine):
        model = nn.Sequential(nn.BatchNorm1d(3))
        model.data_preprocessor = lambda data, training: data  # type: ignore[assignment]
        update_bn_stats(model, Loader({"input": batch} for batch in mine), num_samples=16)
        return model[0].running_mean, model[0].running_var

    def two():
        torch.distributed.init_process_group("gloo")
        return stats(batches[get_rank() :: 2])

    expected = stats(batches)
    for result in run_ranks(two, tmp_path):
        for value, wanted in zip(result, expected):
            torch.testing.assert_close(value, wanted)


def test_each_process_has_its_queue(tmp_path):
    def two():
        torch.distributed.init_process_group("gloo")
        hook = SwAVHook(batch_size=2, queue_length=9)
        assert hook.queue_length == 8
        loss = SimpleNamespace(queue=torch.full((2, 4, 1), float(get_rank())))
        head = SimpleNamespace(loss_module=loss)
        hook.after_train_iter(SimpleNamespace(model=SimpleNamespace(head=head)), 0)
        other = SwAVHook(batch_size=2, queue_length=9)
        other.load_state_dict(hook.state_dict())
        return other.queue

    for rank, queue in enumerate(run_ranks(two, tmp_path)):
        assert queue.unique().tolist() == [rank]


def test_accumulation_in_two_processes(tmp_path):
    """Gradients are exchanged only when they lead to a step, and the weights agree."""

    def two():
        wrapper = dict(optimizer=dict(type="SGD", lr=0.1), accumulative_counts=3)
        runner = run(tmp_path / "work", optim_wrapper=wrapper)
        return dict(runner.bare_model.named_parameters())

    one, other = run_ranks(two, tmp_path / "ranks")
    assert all(torch.equal(value, other[key]) for key, value in one.items())


@pytest.mark.parametrize(
    "strategy",
    [None, dict(type="FSDPStrategy"), dict(type="FSDPStrategy", reshard_after_forward=False)],
    ids=["ddp", "fsdp", "fsdp, kept"],
)
@pytest.mark.parametrize(
    "average",
    [dict(momentum=0.1), dict(ema_type="StochasticWeightAverage", update_buffers=True)],
    ids=["ema", "swa"],
)
def test_averages_are_those_of_one_process(tmp_path, strategy, average):
    """Weights, averages, and what validation says of both."""

    def train(folder, **changes):
        hook = dict(type="EMAHook", evaluate_on_origin=True, **average)
        runner = tiny.make_runner(
            model=Plain(), work_dir=str(folder), custom_hooks=[hook], log_level="ERROR", **changes
        )
        runner.train()
        latest = serialization.load(folder / "epoch_3.pth")
        scores = [
            runner.message_hub.get_scalar(f"val/acc{kind}").data[0].tolist() for kind in ("", "_origin")
        ]
        return latest["state_dict"], latest["ema_state_dict"], scores

    one = train(tmp_path / "one", train_dataloader=tiny.loader(batch_size=8))
    cfg = dict(device="cpu", strategy=strategy)
    two = run_ranks(lambda: train(tmp_path / "two", launcher="pytorch", cfg=cfg), tmp_path / "ranks")[0]
    torch.testing.assert_close(two[:2], one[:2], rtol=1e-4, atol=1e-6)
    assert two[2] == one[2]
