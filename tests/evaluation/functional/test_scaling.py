"""Temperature and vector scaling: minima found elsewhere, and what planted scales give back."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mmpretrain.errors import DataError
from mmpretrain.evaluation.functional.scaling import no_scaling, temperature_scaling, vector_scaling


def planted(count=4000, classes=5, seed=0):
    """Logits whose softmax is the truth, and labels drawn from it."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(count, classes, generator=generator)
    return logits, torch.multinomial(logits.softmax(1), 1, generator=generator).flatten()


def test_no_scaling_is_the_softmax():
    logits, _ = planted(10)
    torch.testing.assert_close(no_scaling()(logits), logits.softmax(1))


def test_temperature_is_the_minimum_of_a_grid():
    logits, labels = planted()
    found = temperature_scaling(3 * logits, labels)
    grid = torch.linspace(0.05, 2, 2000)
    losses = torch.stack([F.cross_entropy(3 * logits * weight, labels) for weight in grid])
    assert abs(float(found.weight) - float(grid[losses.argmin()])) < 2e-3
    assert abs(1 / float(found.weight) - 3) < 0.15
    assert (found(3 * logits).argmax(1) == logits.argmax(1)).all()


def test_vector_gives_back_what_was_planted():
    logits, labels = planted(20000)
    weight, bias = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.5]), torch.tensor([0.5, 0.0, -1.0, 0.5, 0.0])
    found = vector_scaling((logits - bias) / weight, labels, penalty=0.0)
    torch.testing.assert_close(found.weight, weight, atol=0.1, rtol=0)
    torch.testing.assert_close(found.bias, bias, atol=0.1, rtol=0)
    after = F.nll_loss(found((logits - bias) / weight).log(), labels)
    assert float(after) <= float(F.cross_entropy(logits, labels)) + 1e-4
    assert abs(float(found.bias.mean())) < 1e-6


def test_a_model_without_mistakes():
    labels = torch.arange(10) % 2
    logits = 4.0 * F.one_hot(labels, 2)
    assert float(temperature_scaling(logits, labels).weight) == 1
    found = vector_scaling(logits, labels)
    assert torch.isfinite(found.weight).all()
    assert torch.isfinite(found(logits)).all()


def test_a_model_that_is_always_wrong_is_believed_least():
    labels = torch.arange(10) % 2
    assert float(temperature_scaling(4.0 * F.one_hot(1 - labels, 2), labels).weight) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("logits", "labels", "says"),
    [
        (torch.zeros(0, 3), torch.zeros(0, dtype=torch.long), "no image"),
        (torch.full((2, 3), torch.nan), torch.tensor([0, 1]), "not finite"),
        (torch.zeros(2, 3), torch.tensor([0, 3]), "from 0 to 2"),
    ],
)
def test_bad_input(logits, labels, says):
    with pytest.raises(DataError, match=says):
        temperature_scaling(logits, labels)
