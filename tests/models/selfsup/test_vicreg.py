"""VICReg's loss, worked out element by element."""

from __future__ import annotations

import math

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.registry import MODELS

FIRST = [[1.0, 0.0], [0.0, 2.0], [2.0, 1.0]]
SECOND = [[1.5, 0.0], [0.5, 1.0], [1.0, 2.0]]


def by_hand() -> tuple[float, float, float]:
    difference = sum((a - b) ** 2 for x, y in zip(FIRST, SECOND) for a, b in zip(x, y)) / 6
    shortfalls, covariances = [], []
    for view in (FIRST, SECOND):
        means = [sum(row[c] for row in view) / 3 for c in range(2)]
        centred = [[row[c] - means[c] for c in range(2)] for row in view]
        variances = [sum(row[c] ** 2 for row in centred) / 2 for c in range(2)]
        shortfalls += [max(0.0, 1 - math.sqrt(v + 1e-4)) for v in variances]
        covariance = sum(row[0] * row[1] for row in centred) / 2
        covariances.append((covariance**2 + covariance**2) / 2)  # both off the diagonal, by two channels
    return 25 * difference, 25 * sum(shortfalls) / 4, sum(covariances)


def test_formula():
    head = MODELS.build(dict(type="VICRegHead"))
    losses = head.loss(torch.tensor(FIRST), torch.tensor(SECOND))
    assert list(losses) == ["loss_invariance", "loss_variance", "loss_covariance"]
    assert [float(v) for v in losses.values()] == pytest.approx(by_hand(), rel=1e-5)


def test_a_constant_channel_has_a_gradient():
    loss = MODELS.build(dict(type="VICRegLoss"))
    x = torch.ones(4, 3, requires_grad=True)
    loss(x, x * 1.0)["loss_variance"].backward()
    assert torch.isfinite(x.grad).all()


def test_one_image_is_too_few():
    with pytest.raises(DataError, match="at least two images"):
        MODELS.build(dict(type="VICRegHead")).loss(torch.ones(1, 3), torch.ones(1, 3))
