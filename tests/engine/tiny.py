"""A model and a data set that train in milliseconds, for tests of the engine."""

from __future__ import annotations

import random

import numpy as np
import torch
import torch._dynamo  # optimizers import it late: here it is there for all forks of the test process
from torch import nn
from torch.utils.data import Dataset

from mmpretrain.engine.runner import Runner
from mmpretrain.evaluation.metrics.base import BaseMetric


class NoisyVectors(Dataset):
    """Points on two sides of a plane, with noise from all three global generators."""

    metainfo = {"classes": ("left", "right")}

    def __init__(self, size: int = 32, noise: float = 0.1) -> None:
        generator = torch.Generator().manual_seed(0)
        self.points = torch.randn(size, 4, generator=generator)
        self.noise = noise
        self.loaded: list[int] = []

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> dict:
        self.loaded.append(index)
        noise = random.random() + np.random.rand() + float(torch.rand(()))
        label = int(self.points[index, 0] > 0)
        return {"inputs": self.points[index] + self.noise * noise, "data_samples": (index, label)}


def collate(batch: list[dict]) -> dict:
    return {
        "inputs": torch.stack([item["inputs"] for item in batch]),
        "data_samples": [item["data_samples"] for item in batch],
    }


class TinyModel(nn.Module):
    """Two layers with batch norm and dropout, so that buffers and the main process's generator matter."""

    def __init__(self, dropout: float = 0.1, **kwargs) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(8, 2)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        logits = self.head(self.backbone(inputs))
        if mode == "loss":
            labels = torch.tensor([label for _, label in data_samples])
            return {"loss": nn.functional.cross_entropy(logits, labels)}
        return logits

    def train_step(self, data, optim_wrapper):
        with optim_wrapper.optim_context(self):
            losses = self(**data, mode="loss")
        optim_wrapper.update_params(losses["loss"])
        return losses

    def val_step(self, data):
        scores = self(data["inputs"])
        return [
            {"pred": int(score.argmax()), "label": label}
            for score, (_, label) in zip(scores, data["data_samples"])
        ]

    test_step = val_step


class Hits(BaseMetric):
    """Share of right answers."""

    def process(self, data_batch, data_samples):
        self.results += [float(sample["pred"] == sample["label"]) for sample in data_samples]

    def compute_metrics(self, results):
        return {"acc": 100 * sum(results) / len(results)}


def loader(size: int = 32, batch_size: int = 4, workers: int = 0, shuffle: bool = True, **kwargs) -> dict:
    return dict(
        dataset=NoisyVectors(size),
        batch_size=batch_size,
        num_workers=workers,
        persistent_workers=workers > 0,
        sampler=dict(type="DefaultSampler", shuffle=shuffle),
        collate_fn=collate,
        **kwargs,
    )


def config(**changes) -> dict:
    """Arguments of a runner that trains three epochs of eight iterations."""
    args: dict = dict(
        model=TinyModel(),
        train_dataloader=loader(),
        train_cfg=dict(by_epoch=True, max_epochs=3, val_interval=1),
        optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1, momentum=0.9)),
        param_scheduler=[dict(type="MultiStepLR", milestones=[1, 2], gamma=0.5)],
        val_dataloader=loader(16, 4, shuffle=False),
        val_cfg=dict(),
        val_evaluator=Hits(),
        test_dataloader=loader(16, 4, shuffle=False),
        test_cfg=dict(),
        test_evaluator=Hits(),
        default_hooks=dict(logger=dict(type="LoggerHook", interval=2)),
        randomness=dict(seed=0),
        visualizer=dict(type="Visualizer"),
        cfg=dict(device="cpu"),
    )
    args.update(changes)
    return args


def make_runner(**changes) -> Runner:
    torch.manual_seed(0)
    return Runner(**config(**changes))
