"""A last batch of one, on which batch norm cannot train, is found before the first step."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from mmpretrain.datasets.preflight_batches import epoch_length, last_batch_of_one
from mmpretrain.registry import MODELS


class Points(Dataset):
    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict:
        return {"inputs": torch.zeros(3, 8, 8)}


@MODELS.register_module(force=True)
class NormedNet(nn.Module):
    """Batch norm after pooling (one value of a channel per image), or before it."""

    built = 0

    def __init__(self, pooled: bool = True, norm: bool = True, data_preprocessor=None) -> None:
        super().__init__()
        type(self).built += 1
        self.norm = nn.BatchNorm2d(3) if norm else nn.Identity()
        self.pooled = pooled

    def data_preprocessor(self, data, training):
        return {"inputs": data["inputs"]}

    def forward(self, inputs, mode):
        return self.norm(inputs.mean((2, 3), keepdim=True) if self.pooled else inputs)


def check(size=72, model=None, world=1, **loader):
    loader = dict(batch_size=71, sampler=dict(type="DefaultSampler", shuffle=True)) | loader
    cfg = dict(train_dataloader=loader, model=dict(type="NormedNet", **(model or {})))
    return list(last_batch_of_one(cfg, Points(size)))


def test_it_is_found():
    (found,) = check()
    assert found.level == "hard"
    assert found.text == (
        "72 samples in batches of 71 leave a last batch of one, on which batch norm cannot train: "
        "set drop_last=True in train_dataloader, or another batch_size"
    )


@pytest.mark.parametrize(
    "case",
    [
        dict(size=73),
        dict(size=71),
        dict(drop_last=True),
        dict(model=dict(pooled=False)),  # each channel has 64 values
        dict(model=dict(norm=False)),
        dict(batch_size=1, model=dict(pooled=False)),
        dict(sampler=dict(type="RepeatAugSampler")),
    ],
)
def test_where_there_is_no_such_batch_or_no_harm(case):
    assert check(**case) == []


def test_batches_of_one():
    (found,) = check(batch_size=1, drop_last=True)
    assert (
        found.text == "batch norm cannot train on batches of one (batch_size=1): choose a larger batch_size"
    )


def test_the_share_of_a_process(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    (found,) = check(size=9, batch_size=4)
    assert "9 samples, 5 for each of 2 processes, in batches of 4" in found.text
    assert check(size=10, batch_size=4) != []
    assert check(size=8, batch_size=4) == []


def test_the_model_is_built_only_where_it_is_needed():
    NormedNet.built = 0
    check(size=144)
    check(size=73)
    assert NormedNet.built == 0


@pytest.mark.parametrize(
    ("loader", "size", "length"),
    [
        (dict(batch_size=8), 72, 9),
        (dict(batch_size=8), 73, 10),
        (dict(batch_size=8, drop_last=True), 73, 9),
        (dict(batch_size=8, sampler=dict(type="InfiniteSampler")), 73, None),
        (dict(batch_size=8, num_batch_per_epoch=3), 73, None),
        (dict(), 73, None),
        (None, 73, None),
    ],
)
def test_the_length_of_an_epoch(loader, size, length):
    assert epoch_length(loader, size) == length
