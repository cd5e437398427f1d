"""Two processes on the CPU do what one does."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.evaluation.metrics.base import BaseMetric
from mmpretrain.models.base import BaseModel
from tests.engine import tiny
from tests.engine.ranks import run_ranks


class Linear(BaseModel):
    """A model whose gradient over a batch is the mean of those over its halves."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.ModuleList([torch.nn.Linear(4, 8), torch.nn.Linear(8, 2)])

    def forward(self, inputs, data_samples=None, mode="tensor"):
        logits = self.body[1](self.body[0](inputs).relu())
        if mode == "loss":
            labels = torch.tensor([label for _, label in data_samples])
            return {"loss": torch.nn.functional.cross_entropy(logits, labels)}
        return [
            {"pred": int(score.argmax()), "label": label, "index": index, "score": float(score.sum())}
            for score, (index, label) in zip(logits, data_samples or [])
        ]


class Normed(Linear):
    """A model whose statistics of batches differ between processes."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(4)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return super().forward(self.norm(inputs), data_samples, mode)


def train(work_dir, batch_size=4, launcher="none", cfg=None, size=30, **changes):
    runner = tiny.make_runner(
        work_dir=str(work_dir),
        train_dataloader=tiny.loader(32, batch_size),
        val_dataloader=tiny.loader(size, 4, shuffle=False),
        optim_wrapper=dict(optimizer=dict(type="AdamW", lr=0.01), clip_grad=dict(max_norm=1.0)),
        launcher=launcher,
        log_level="ERROR",
        cfg=dict(device="cpu", **(cfg or {})),
        **{"model": Linear(), **changes},
    )
    runner.train()
    return runner


def weights(work_dir):
    return serialization.load((work_dir / "last_checkpoint").read_text())["state_dict"]


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


def test_batch_norms_keep_their_precision_under_fsdp(tmp_path):
    """Their statistics are float32; on a GPU the backward pass takes no weights of another type."""
    seen = []

    class Watched(Normed):
        def forward(self, inputs, data_samples=None, mode="tensor"):
            result = super().forward(inputs, data_samples, mode)
            seen.append((self.norm.weight.dtype, self.body[0].weight.dtype))
            return result

    strategy = dict(
        type="FSDPStrategy", blocks=["norm", "body"], reshard_after_forward=False,
        mixed_precision=dict(param_dtype="bfloat16"),
    )  # fmt: skip

    def one():
        train(tmp_path / "run", launcher="pytorch", cfg=dict(strategy=strategy), model=Watched())
        return seen[0]

    assert run_ranks(one, tmp_path / "ranks", world_size=1) == [(torch.float32, torch.bfloat16)]
    assert weights(tmp_path / "run")["norm.running_mean"].dtype == torch.float32


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


def test_gradients_that_wait_in_copies_serve_any_number_of_processes(tmp_path):
    """Two copies stop between two steps; one process goes on with the mean of their gradients."""

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
