"""Choosing the score from which a class counts as predicted."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional.curves import Counts, count_by_threshold
from mmpretrain.evaluation.functional.inputs import ArrayLike, one_target_per_class

Criterion: TypeAlias = Literal["f1", "recall", "precision"]


def select_thresholds(
    pred: ArrayLike, target: ArrayLike, criterion: Criterion = "f1", at_least: float | None = None
) -> Tensor:
    """Choose a threshold for each class; a class is predicted if its score is at least that.

    Args:
        pred: Scores (N, C).
        target: Labels (N,), or (N, C) with 1 for the classes of a sample, 0 for others, -1 where it does not
            count.
        criterion: ``'f1'`` takes the threshold with the best F1 score; ``'recall'`` the highest that reaches
            ``at_least``; ``'precision'`` the lowest that does.
        at_least: Percentage that recall or precision must reach.

    Returns:
        (C,). NaN for a class without a positive sample; infinity where no threshold reaches the precision.

    Raises:
        ConfigError: If there is no such criterion, or ``at_least`` is missing or no percentage.
    """
    check_criterion(criterion, at_least)
    choose = {"f1": _best_f1, "recall": _highest_with_recall, "precision": _lowest_with_precision}[criterion]
    scores, targets = one_target_per_class(pred, target)
    chosen = [
        choose(count_by_threshold(score, column), (at_least or 0.0) / 100)
        if (column == 1).any()
        else torch.nan
        for score, column in zip(scores.T, targets.T)
    ]
    return torch.tensor(chosen, dtype=torch.float64)


def check_criterion(criterion: str, at_least: float | None) -> None:
    """Raise unless a criterion is known and has the percentage that it needs."""
    if criterion not in ("f1", "recall", "precision"):
        raise ConfigError(
            f"criterion must be 'f1', 'recall' or 'precision', got {criterion!r}", key="criterion"
        )
    if criterion == "f1":
        if at_least is not None:
            raise ConfigError("at_least has no meaning for the best F1 score", key="at_least")
    elif at_least is None or not 0 < at_least <= 100:
        raise ConfigError(
            f"at_least must be a percentage above 0, got {at_least!r}",
            hint=f"at_least=90 asks for a {criterion} of 90 %.",
            key="at_least",
        )


def _best_f1(counts: Counts, share: float) -> float:
    score = 2 * counts.true_positives / (counts.true_positives + counts.false_positives + counts.positives)
    return counts.thresholds[score.argmax()].item()


def _highest_with_recall(counts: Counts, share: float) -> float:
    reached = counts.true_positives >= share * counts.positives - 1e-9
    return counts.thresholds[reached][0].item()


def _lowest_with_precision(counts: Counts, share: float) -> float:
    taken = counts.true_positives + counts.false_positives
    reached = (counts.true_positives >= share * taken - 1e-9) & (counts.true_positives > 0)
    return counts.thresholds[reached][-1].item() if reached.any() else torch.inf
