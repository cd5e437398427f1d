"""Tests of :mod:`mmpretrain.engine.runner.sync_bn`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.runner.sync_bn import SharedBatchNorm, sync_batch_norm
from mmpretrain.errors import ConfigError

CPU = torch.device("cpu")


def test_one_process_computes_what_batch_norm_computes():
    torch.manual_seed(0)
    x = torch.randn(4, 3, 5, 5)
    shared, plain = SharedBatchNorm(3), nn.BatchNorm2d(3)
    assert torch.equal(shared(x), plain(x))
    assert torch.equal(shared.running_var, plain.running_var)


def test_the_running_statistics_follow_as_in_torch():
    shared, plain = SharedBatchNorm(2), nn.BatchNorm1d(2)
    x = torch.tensor([[1.0, 2.0], [3.0, 6.0], [5.0, 4.0]])
    plain(x)
    shared._follow(x.mean(0), x.var(0))
    torch.testing.assert_close(shared.running_mean, plain.running_mean)
    torch.testing.assert_close(shared.running_var, plain.running_var)


def test_which_norms_are_shared():
    def model():
        return nn.Sequential(nn.BatchNorm2d(2), nn.SyncBatchNorm(2))

    kinds = [type(part) for part in sync_batch_norm(model(), None, CPU)]
    assert kinds == [nn.BatchNorm2d, SharedBatchNorm]  # what the config calls SyncBN
    assert [type(part) for part in sync_batch_norm(model(), "torch", CPU)] == [SharedBatchNorm] * 2
    with pytest.raises(ConfigError, match="sync_bn must be 'torch' or a bool, got 'mmcv'"):
        sync_batch_norm(model(), "mmcv", CPU)
