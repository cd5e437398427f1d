"""Linear classifiers on features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional import logistic_regression, sgd_probe


@pytest.fixture
def clusters():
    torch.manual_seed(0)
    labels = torch.arange(90) % 3
    centres = torch.tensor([[4.0, 0, 100], [0, 4.0, 100], [-4.0, -4.0, 100]])
    return centres[labels] + torch.randn(90, 3) * 0.5, labels


@pytest.mark.parametrize("fit", [logistic_regression, sgd_probe])
def test_separates(fit, clusters):
    features, labels = clusters
    assert (fit(features, labels, 3)(features).argmax(1) == labels).all()


def test_logistic_regression_is_at_its_minimum(clusters):
    """The gradient of the mean cross entropy with half the squared weights is zero."""
    features, labels = clusters
    probe = logistic_regression(features, labels, 3, penalties=(0.1,))
    x = (features - features.mean(0)) / features.std(0, unbiased=False)
    weight, bias = probe.weight.clone().requires_grad_(), probe.bias.clone().requires_grad_()
    loss = F.cross_entropy(F.linear(x, weight, bias), labels) + 0.1 / 2 * weight.square().sum()
    loss.backward()
    assert weight.grad.abs().max() < 1e-3
    assert bias.grad.abs().max() < 1e-3


def test_penalty_is_chosen_on_what_is_held_out():
    torch.manual_seed(0)
    noise, labels = torch.randn(60, 200), torch.randint(0, 2, (60,))
    assert logistic_regression(noise, labels, 2, penalties=(1e-6, 1.0)).penalty == 1.0


def test_sgd_is_reproducible(clusters):
    first, second = (sgd_probe(*clusters, 3, epochs=2, seed=1) for _ in range(2))
    assert torch.equal(first.weight, second.weight)


@pytest.mark.parametrize("fit", [logistic_regression, sgd_probe])
def test_what_it_refuses(fit):
    with pytest.raises(DataError, match="two classes"):
        fit(torch.randn(4, 2), torch.zeros(4, dtype=torch.long), 2)
    with pytest.raises(DataError, match="not finite"):
        fit(torch.full((4, 2), float("nan")), torch.arange(4) % 2, 2)


def test_the_probabilities_of_scikit_learn():
    """``LogisticRegression(C=1 / (1e-2 * 40), tol=1e-12)`` of scikit-learn on standardized features."""
    x = np.random.Generator(np.random.PCG64(7)).random((40, 4), dtype=np.float32)
    labels = torch.tensor((x.sum(1) * 3).astype(int) % 3)
    probe = logistic_regression(torch.tensor(x), labels, 3, (1e-2,), max_iter=500)
    want = [[0.580556, 0.251806, 0.167639], [0.226768, 0.478712, 0.294520], [0.337014, 0.590674, 0.072312]]
    torch.testing.assert_close(probe(torch.tensor(x))[:3].softmax(1), torch.tensor(want), atol=1e-3, rtol=0)


def test_a_common_scale_leaves_weak_features_weak(clusters):
    features, labels = clusters
    noise = torch.randn(len(features), 1, generator=torch.Generator().manual_seed(0))
    wide = torch.cat([features, 1e-3 * noise], 1)
    probe = logistic_regression(wide, labels, 3, penalties=(0.1,), common_scale=True)
    scale = float(wide.std(0, unbiased=False).square().mean().sqrt())
    assert probe.std.unique().tolist() == pytest.approx([scale])
    assert probe.weight[:, -1].abs().max() < 1e-2 * probe.weight.abs().max()
    assert logistic_regression(wide, labels, 3, penalties=(0.1,)).weight[:, -1].abs().max() > 1e-3
