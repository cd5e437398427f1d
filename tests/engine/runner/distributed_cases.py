"""What the tests of several processes share."""

from __future__ import annotations

import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.models.base import BaseModel
from tests.engine import tiny


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
