"""NNCLR's loss, worked out row by row, and its queue."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from mmpretrain.registry import MODELS


class Same(torch.nn.Module):
    def forward(self, x):
        return (x[0],)


def make(queue_len: int = 4) -> torch.nn.Module:
    head = dict(type="NNCLRHead", predictor=Same(), temperature=0.5, loss=dict(type="CrossEntropyLoss"))
    return MODELS.build(
        dict(type="NNCLR", backbone=Same(), neck=Same(), head=head, queue_len=queue_len, feat_dim=2)
    )


def test_formula():
    neighbours = [(1.0, 0.0), (0.6, 0.8)]
    feats = [(0.0, 2.0), (3.0, 4.0)]
    unit = [(0.0, 1.0), (0.6, 0.8)]
    logits = [[(n[0] * f[0] + n[1] * f[1]) / 0.5 for f in unit] for n in neighbours]
    rows = [-logits[i][i] + math.log(sum(map(math.exp, logits[i]))) for i in range(2)]
    columns = [-logits[i][i] + math.log(sum(math.exp(row[i]) for row in logits)) for i in range(2)]
    got = make().head.loss(torch.tensor(neighbours), torch.tensor(feats))
    assert float(got) == pytest.approx((sum(rows) / 2 + sum(columns) / 2) / 2, rel=1e-5)


def test_neighbours_come_from_the_queue_that_then_takes_the_batch():
    model = make()
    model.queue.copy_(torch.tensor([[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]]))
    x = torch.tensor([[3.0, 1.0], [-1.0, -5.0]])
    assert model.nearest(x).tolist() == [[1.0, 0.0], [0.0, -1.0]]

    views = [torch.tensor([[[3.0, 1.0], [-1.0, -5.0]], [[1.0, 2.0], [0.5, -2.0]]])[i] for i in range(2)]
    model.backbone.forward = lambda view: (view,)
    loss = model(views, mode="loss")["loss"]
    nearest = [torch.tensor([[1.0, 0.0], [0.0, -1.0]]), torch.tensor([[0.0, 1.0], [0.0, -1.0]])]
    expected = (model.head.loss(nearest[0], views[1]) + model.head.loss(nearest[1], views[0])) / 2
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(model.queue[:, :2], F.normalize(views[0], dim=1).T)
    assert model.queue_ptr.item() == 2
