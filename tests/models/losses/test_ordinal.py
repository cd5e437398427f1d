"""Losses for classes that have an order: the formulas, worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mmpretrain.registry import MODELS

LOGITS = torch.tensor([[0.0, math.log(3)], [math.log(3), 0.0], [-math.log(3), math.log(3)]])
#: Probabilities of the answer "above": 1/2, 3/4; 3/4, 1/2; 1/4, 3/4.
LABELS = torch.tensor([0, 1, 2])


def test_coral_by_hand():
    """Each sample answers both questions: no, no; yes, no; yes, yes."""
    expected = torch.tensor([-math.log(1 / 2 * 1 / 4), -math.log(3 / 4 * 1 / 2), -math.log(1 / 4 * 3 / 4)])
    loss = MODELS.build(dict(type="CoralLoss", reduction="none"))
    torch.testing.assert_close(loss(LOGITS, LABELS), expected)
    torch.testing.assert_close(MODELS.build(dict(type="CoralLoss"))(LOGITS, LABELS), expected.mean())


def test_corn_by_hand():
    """The second question is put to samples of class 1 and 2 only: five answers in all."""
    expected = torch.tensor(
        [[-math.log(1 / 2), 0.0], [-math.log(3 / 4), -math.log(1 / 2)], [-math.log(1 / 4), -math.log(3 / 4)]]
    )
    loss = MODELS.build(dict(type="CornLoss", reduction="none"))
    torch.testing.assert_close(loss(LOGITS, LABELS), expected)
    loss = MODELS.build(dict(type="CornLoss", loss_weight=2.0))
    torch.testing.assert_close(loss(LOGITS, LABELS), 2 * expected.sum() / 5)
    torch.testing.assert_close(loss(LOGITS, LABELS, avg_factor=3), 2 * expected.sum() / 3)
    weight = torch.tensor([0.0, 1.0, 2.0])
    torch.testing.assert_close(
        loss(LOGITS, LABELS, weight), 2 * (expected[1].sum() + 2 * expected[2].sum()) / 5
    )


@pytest.mark.parametrize("name", ["CoralLoss", "CornLoss"])
def test_mixed_labels(name):
    """Shares of classes count as much as so many samples of each."""
    loss = MODELS.build(dict(type=name, reduction="sum"))
    parts = [loss(LOGITS[:1], torch.tensor([k])) for k in range(3)]
    mixed = loss(LOGITS[:1], torch.tensor([[0.5, 0.2, 0.3]]))
    torch.testing.assert_close(mixed, 0.5 * parts[0] + 0.2 * parts[1] + 0.3 * parts[2])


@pytest.mark.parametrize("name", ["CoralLoss", "CornLoss"])
def test_large_logits_and_low_precision(name):
    loss = MODELS.build(dict(type=name))
    extreme = (LOGITS * 1e4).requires_grad_()
    loss(extreme, LABELS).backward()
    assert torch.isfinite(extreme.grad).all()
    torch.testing.assert_close(loss(LOGITS.bfloat16(), LABELS), loss(LOGITS, LABELS), rtol=3e-2, atol=3e-2)
