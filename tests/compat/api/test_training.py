"""Tests of :mod:`mmpretrain.compat.api.training`."""

from __future__ import annotations

import pytest
import torch
from mmcv.parallel import DataContainer, MMDataParallel, collate, is_module_wrapper, scatter
from mmengine.model import stack_batch
from torch import nn

from mmpretrain.errors import ConfigError


def test_batches_of_different_sizes():
    batch = stack_batch([torch.ones(1, 2, 3), torch.ones(1, 4, 2)], pad_size_divisor=4, pad_value=7)
    assert batch.shape == (2, 1, 4, 4)
    assert batch[0, 0, 3, 3] == 7
    assert batch[0].sum() == 6 + 10 * 7


def test_containers_and_devices():
    samples = [dict(img=torch.full((3, 2, 2), i), img_metas=DataContainer({"n": i})) for i in range(4)]
    batch = collate(samples, samples_per_gpu=4)
    assert batch["img"].shape == (4, 3, 2, 2)
    (on_device,) = scatter(batch, [-1])
    assert [meta["n"] for meta in on_device["img_metas"]] == [0, 1, 2, 3]
    wrapped = MMDataParallel(nn.Linear(2, 1), device_ids=[-1])
    assert wrapped(torch.zeros(3, 2)).shape == (3, 1)
    assert is_module_wrapper(wrapped)
    with pytest.raises(ConfigError, match="one device"):
        MMDataParallel(nn.Linear(2, 1), device_ids=[0, 1])
