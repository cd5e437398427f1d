"""Tests of :mod:`mmpretrain.models.losses.swav`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models import SwAVLoss
from mmpretrain.models.losses.swav import distributed_sinkhorn


def test_clusters_are_balanced():
    """Rows are assignments; every prototype gets its share, even one that is far from all samples."""
    scores = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
    scores[:, 3] -= 100
    assignment = distributed_sinkhorn(scores, iterations=200, epsilon=0.5)
    torch.testing.assert_close(assignment.sum(1), torch.ones(60))
    torch.testing.assert_close(assignment.sum(0), torch.full((4,), 15.0), rtol=1e-3, atol=1e-3)
    hopeless = distributed_sinkhorn(torch.tensor([[1.0, -1e4], [0.5, -1e4]]), 3, 0.05)
    assert torch.isfinite(hopeless).all()


def test_queue_of_earlier_features():
    """Once it is full it joins the assignment; new features come first."""
    loss = SwAVLoss(feat_dim=4, num_prototypes=3)
    loss.queue = torch.zeros(2, 4, 4)
    r = torch.Generator().manual_seed(0)
    batches = [torch.nn.functional.normalize(torch.randn(4, 4, generator=r)) for _ in range(3)]
    for batch, full in zip(batches, (False, False, True)):
        assert torch.isfinite(loss(batch))
        assert loss.use_queue is full
    assert torch.equal(loss.queue[0], torch.cat([batches[2][:2], batches[1][:2]]))
    assert torch.equal(loss.queue[1], torch.cat([batches[2][2:], batches[1][2:]]))


def test_several_sets_of_prototypes():
    """The loss is the mean of those of the sets, with a queue of features that they share.

    MMPretrain 1.2 makes the sets (``prototypes.prototypes0.weight``), but cannot run them.
    """
    torch.manual_seed(0)
    loss = SwAVLoss(feat_dim=4, num_crops=[2, 1], num_prototypes=[3, 5])
    assert {key: tuple(value.shape) for key, value in loss.state_dict().items()} == {
        "prototypes.prototypes0.weight": (3, 4), "prototypes.prototypes1.weight": (5, 4)
    }  # fmt: skip
    alone = [SwAVLoss(feat_dim=4, num_crops=[2, 1], num_prototypes=count) for count in (3, 5)]
    weights = list(loss.prototypes.parameters())
    for one, weight in zip(alone, weights):
        one.prototypes.weight.data.copy_(weight)
    for one in (loss, *alone):
        one.queue = torch.zeros(2, 4, 4)
    for _ in range(3):
        batch = torch.nn.functional.normalize(torch.randn(6, 4))
        found, wanted = loss(batch), [one(batch) for one in alone]
        torch.testing.assert_close(found, torch.stack(wanted).mean())
    assert loss.use_queue
    found.backward()
    for one, value, weight in zip(alone, wanted, weights):
        value.backward()
        torch.testing.assert_close(2 * weight.grad, one.prototypes.weight.grad)
        assert torch.equal(one.queue, loss.queue)


@pytest.mark.parametrize("count", [0, -1, 2.5, "3", None, [], [3, 0], [3, "4"]])
def test_numbers_of_prototypes(count):
    with pytest.raises(ConfigError, match="num_prototypes must be a positive integer or a list of them, got"):
        SwAVLoss(feat_dim=4, num_prototypes=count)
