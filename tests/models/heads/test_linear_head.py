"""The linear head: losses, predictions, accuracy while training."""

from __future__ import annotations

import logging

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample


@pytest.fixture
def head():
    return LinearClsHead(num_classes=3, in_channels=4, topk=(1, 5), cal_acc=True)


FEATS = (torch.zeros(2, 4), torch.ones(2, 4))


def samples() -> list[DataSample]:
    return [DataSample().set_gt_label(i) for i in (0, 2)]


def test_loss_and_accuracy(head, caplog):
    with caplog.at_level(logging.WARNING):
        losses = [head.loss(FEATS, samples()) for _ in range(2)]
    assert set(losses[0]) == {"loss", "accuracy_top-1"}
    scores = head(FEATS)
    expected = torch.nn.functional.cross_entropy(scores, torch.tensor([0, 2]))
    assert losses[0]["loss"].item() == pytest.approx(expected.item())
    assert [record.message for record in caplog.records] == ["only 3 classes: reporting top-1 only"]
    losses[0]["loss"].backward()
    assert head.fc.weight.grad.abs().sum() > 0


def test_mixed_labels(head):
    mixed = [DataSample().set_gt_score([0.5, 0.5, 0.0]) for _ in range(2)]
    with pytest.raises(ConfigError, match="cal_acc needs one label per sample"):
        head.loss(FEATS, mixed)
    head.cal_acc = False
    expected = torch.nn.functional.cross_entropy(head(FEATS), torch.tensor([[0.5, 0.5, 0.0]] * 2))
    assert head.loss(FEATS, mixed)["loss"].item() == pytest.approx(expected.item())


def test_predict(head):
    given = samples()
    out = head.predict(FEATS, [given[0], None])
    assert out[0] is given[0]
    assert out[1].pred_score.sum().item() == pytest.approx(1.0)
    assert out[1].pred_label.item() == out[1].pred_score.argmax().item()
    assert len(head.predict(FEATS)) == 2
    assert torch.equal(head(FEATS), head(FEATS[-1])), "a bare tensor is a single stage"


@pytest.mark.parametrize("num_classes", [0, -1, 2.0])
def test_number_of_classes(num_classes):
    with pytest.raises(ConfigError, match="num_classes must be a positive integer"):
        LinearClsHead(num_classes=num_classes, in_channels=4)
