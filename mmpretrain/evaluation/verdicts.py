"""A prediction beside the truth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The prediction for one sample, and whether it is right.

    Attributes:
        index: The sample's place among the predictions.
        score: The highest score.
        predicted: The predicted classes, one for single labels.
        actual: The right classes, one for single labels.
        right: Whether the prediction is right.
    """

    index: int
    score: float
    predicted: tuple[int, ...]
    actual: tuple[int, ...]
    right: bool
