"""Calibrating the scores of a classifier by scaling and shifting its logits.

From `On Calibration of Modern Neural Networks <https://arxiv.org/abs/1706.04599>`_.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import DataError

#: The largest scale; the smallest is its inverse.
LARGEST = 20.0


class Scaling(NamedTuple):
    """A scale and a shift of logits."""

    weight: Tensor  #: (1,), the inverse of a temperature, or (C,).
    bias: Tensor  #: (1,) or (C,).

    def __call__(self, logits: Tensor) -> Tensor:
        """Return the probabilities (N, C) of logits (N, C)."""
        return F.softmax(logits.to(self.weight) * self.weight + self.bias, dim=1)


def no_scaling() -> Scaling:
    """Return the scaling after which probabilities are those of the softmax."""
    return Scaling(torch.ones(1), torch.zeros(1))


def temperature_scaling(logits: Tensor, labels: Tensor) -> Scaling:
    """Find the temperature that makes the right classes likeliest.

    If no prediction is wrong, a smaller temperature is always likelier; the result is then 1.

    Args:
        logits: (N, C).
        labels: Right classes (N,).

    Raises:
        DataError: If there are no samples, or logits that are not finite.
    """
    logits = _checked(logits, labels)
    if bool((logits.argmax(1) == labels).all()):
        return no_scaling()
    weight = _fitted(logits, labels, [torch.ones(1, dtype=torch.float64)])[0]
    return Scaling(weight.clamp(1 / LARGEST, LARGEST).float(), torch.zeros(1))


def vector_scaling(logits: Tensor, labels: Tensor, penalty: float = 1e-3) -> Scaling:
    """Find the scale and the shift of each class that make the right classes likeliest.

    The shifts add up to zero, because a shift that all classes share has no effect.

    Args:
        logits: (N, C).
        labels: Right classes (N,).
        penalty: Factor of the squared distance from no scaling, without which a class that has no mistake
            would have no best scale.

    Raises:
        DataError: See :func:`temperature_scaling`.
    """
    logits = _checked(logits, labels)
    count = logits.shape[1]
    start = [torch.ones(count, dtype=torch.float64), torch.zeros(count, dtype=torch.float64)]
    weight, bias = _fitted(logits, labels, start, penalty)
    return Scaling(weight.clamp(1 / LARGEST, LARGEST).float(), (bias - bias.mean()).float())


def _checked(logits: Tensor, labels: Tensor) -> Tensor:
    if not len(logits):
        raise DataError("There is no image to calibrate with")
    if not torch.isfinite(logits).all():
        raise DataError("The model puts out values that are not finite: it has diverged")
    if int(labels.min()) < 0 or int(labels.max()) >= logits.shape[1]:
        raise DataError(
            f"Labels must be from 0 to {logits.shape[1] - 1}, got {int(labels.min())} to {int(labels.max())}"
        )
    return logits.double()


def _fitted(logits: Tensor, labels: Tensor, start: list[Tensor], penalty: float = 0.0) -> list[Tensor]:
    """Minimise the negative log-likelihood by L-BFGS over a scale, and a shift if there is a second start."""
    values = [value.clone().requires_grad_() for value in start]
    optimizer = torch.optim.LBFGS(
        values, max_iter=200, tolerance_grad=1e-8, tolerance_change=1e-12, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        scaled = logits * values[0] + (values[1] if len(values) > 1 else 0)
        loss = F.cross_entropy(scaled, labels)
        if penalty:
            loss = loss + penalty * sum(
                ((value - first).square().sum() for value, first in zip(values, start)), loss.new_zeros(())
            )
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[arg-type]
    return [value.detach() for value in values]
