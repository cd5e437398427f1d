"""Tests of :mod:`mmpretrain.engine.runner.sync_bn`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.runner.sync_bn import SharedBatchNorm, sync_batch_norm
from mmpretrain.errors import ConfigError
from mmpretrain.models.layers.sparse import SparseBatchNorm2d, SparseLayer, SparseSyncBatchNorm2d

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


class Doubled(nn.SyncBatchNorm):
    """A norm of a user, whose method belongs to its class."""

    def forward(self, input):
        return 2 * super().forward(input)


@pytest.mark.parametrize("kind", [None, True])
def test_norms_of_sparse_networks_stay_sparse(kind):
    model = nn.Sequential(SparseSyncBatchNorm2d(2), SparseBatchNorm2d(2), Doubled(2))
    active = model[0].active
    x, mask = torch.randn(3, 2, 4, 4), torch.rand(3, 1, 4, 4) < 0.5
    active.mask = mask
    want = model[0](x)
    shared = sync_batch_norm(model, kind, CPU)
    names = [type(part).__name__ for part in shared]
    assert names == ["SparseSyncBatchNorm2d", f"Sparse{'Sync' if kind else ''}BatchNorm2d", "Doubled"]
    assert [isinstance(part, SharedBatchNorm) for part in shared] == [True, bool(kind), False]
    assert isinstance(shared[0], SparseLayer)
    torch.testing.assert_close(shared[0](x), want)
