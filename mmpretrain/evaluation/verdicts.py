"""A prediction beside the truth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The prediction for one sample, and whether it is right.

    Attributes:
        index: The sample's place among the predictions.
        score: Score of the predicted class.
        predicted: The predicted class; of several labels, the one with the highest score.
        actual: The right classes, one for single labels.
    """

    index: int
    score: float
    predicted: int
    actual: tuple[int, ...]

    @property
    def right(self) -> bool:
        """Whether the predicted class is among the right ones."""
        return self.predicted in self.actual
