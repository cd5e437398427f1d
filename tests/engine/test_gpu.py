"""What only a CUDA device can show; `benchmarks/gpu_check.py` runs these."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.models.base import BaseModel
from tests.engine import tiny
from tests.engine.ranks import free_port
from tests.engine.runner.test_checkpoint import same

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


class Convs(BaseModel):
    """Images made of vectors, so that the tiny data set serves."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.backbone = torch.nn.Sequential(
            torch.nn.Conv2d(4, 32, 1), torch.nn.BatchNorm2d(32), torch.nn.ReLU(), torch.nn.Dropout(0.1)
        )
        self.head = torch.nn.Linear(32, 2)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        image = inputs[:, :, None, None].expand(-1, -1, 8, 8)
        scores = self.head(self.backbone(image).mean((2, 3)))
        if mode == "loss":
            labels = torch.tensor([label for _, label in data_samples], device=scores.device)
            return {"loss": torch.nn.functional.cross_entropy(scores.float(), labels)}
        return [
            {"pred": int(score.argmax()), "label": label} for score, (_, label) in zip(scores, data_samples)
        ]


def train(work_dir, resume=False, epochs=3, wrapper="OptimWrapper", workers=0, **cfg):
    torch.manual_seed(0)
    runner = tiny.make_runner(
        model=Convs(), work_dir=str(work_dir), resume=resume, cfg=dict(device="cuda", **cfg),
        train_dataloader=tiny.loader(workers=workers, pin_memory=True),
        train_cfg=dict(by_epoch=True, max_epochs=epochs), log_level="ERROR",
        param_scheduler=dict(type="MultiStepLR", milestones=[1, 2], gamma=0.5, end=3),
        val_dataloader=None, val_cfg=None, val_evaluator=None, randomness=dict(seed=0, deterministic=True),
        optim_wrapper=dict(type=wrapper, optimizer=dict(type="AdamW", lr=0.01)),
    )  # fmt: skip
    try:
        runner.train()
    finally:
        torch.use_deterministic_algorithms(False)
    return runner


@pytest.mark.parametrize("wrapper", ["OptimWrapper", "AmpOptimWrapper"])
@pytest.mark.parametrize("workers", [0, 2])
def test_resumption_is_exact(tmp_path, wrapper, workers):
    schedule = dict(wrapper=wrapper, workers=workers)
    train(tmp_path / "straight", **schedule)
    train(tmp_path / "stopped", epochs=2, **schedule)
    train(tmp_path / "stopped", resume=True, **schedule)
    first, second = (serialization.load(tmp_path / name / "epoch_3.pth") for name in ("straight", "stopped"))
    assert same(first["state_dict"], second["state_dict"])
    assert same(first["optimizer"], second["optimizer"])


def test_compile_and_channels_last_agree_with_eager(tmp_path):
    eager = train(tmp_path / "eager")
    fast = train(tmp_path / "fast", compile=True, channels_last=True)
    ours, theirs = (r.message_hub.get_scalar("train/loss").data[0] for r in (fast, eager))
    # Dropout of a compiled graph draws other numbers: the curves agree in kind.
    assert ours[0] == pytest.approx(theirs[0], rel=0.2)
    assert ours[-1] < ours[0]


def test_log_has_memory(tmp_path):
    runner = train(tmp_path)
    with open(runner.log_dir + "/vis_data/metrics.csv") as file:
        assert "memory" in file.readline()


def alone(monkeypatch):
    """Set torchrun's variables for a single process."""
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(free_port()))
    for name, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"}.items():
        monkeypatch.setenv(name, value)


def test_ddp_with_nccl(tmp_path, monkeypatch):
    alone(monkeypatch)
    try:
        torch.manual_seed(0)
        runner = tiny.make_runner(
            model=Convs(), work_dir=str(tmp_path), launcher="pytorch", log_level="ERROR",
            cfg=dict(device="cuda", strategy=dict(type="DDPStrategy", sync_bn="torch")),
        )  # fmt: skip
        runner.train()
        assert torch.distributed.get_backend() == "cpu:gloo,cuda:nccl"
        assert runner.state.metrics["acc"] > 75
    finally:
        torch.distributed.destroy_process_group()


def test_fsdp_on_one_device(tmp_path, monkeypatch):
    alone(monkeypatch)
    strategy = dict(type="FSDPStrategy", blocks=["backbone"], mixed_precision=dict(param_dtype="bfloat16"))
    try:
        torch.manual_seed(0)
        runner = tiny.make_runner(
            model=Convs(), work_dir=str(tmp_path), launcher="pytorch", log_level="ERROR",
            cfg=dict(device="cuda", strategy=strategy), param_scheduler=None,
        )  # fmt: skip
        runner.train()
        assert runner.state.metrics["acc"] > 75
    finally:
        torch.distributed.destroy_process_group()
