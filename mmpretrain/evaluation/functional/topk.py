"""Top-k accuracy."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional.inputs import ArrayLike, check_same_length, to_tensor
from mmpretrain.utils.brief import brief

logger = logging.getLogger(__name__)


def accuracy(
    pred: ArrayLike,
    target: ArrayLike,
    topk: Sequence[int] = (1,),
    thrs: Sequence[float | None] = (0.0,),
) -> Tensor:
    """Share of samples whose class is among the k best predictions, in percent.

    Args:
        pred: Scores (N, C), or labels (N,), for which ``topk`` and ``thrs`` have no meaning.
        target: Labels (N,).
        topk: Values of k.
        thrs: Thresholds; predictions with a score not above the threshold do not count. None: no threshold.

    Returns:
        (len(topk), len(thrs)) percentages; (1, 1) for labels.
    """
    pred, target = to_tensor(pred), to_tensor(target).to(torch.int64)
    check_same_length(pred, target)
    if pred.ndim == 1:
        return (pred == target).sum().float().mul(100.0 / len(pred)).reshape(1, 1)
    num_classes = pred.size(1)
    if max(topk) > num_classes:
        raise ConfigError(
            f"Top-{max(topk)} accuracy is unavailable: there are only {num_classes} classes",
            hint="Check topk in val_evaluator, test_evaluator and model.head.",
            key="topk",
        )
    return accuracy_of_best(*pred.float().topk(max(topk), dim=1), target, topk, thrs)


def accuracy_of_best(
    scores: Tensor,
    labels: Tensor,
    target: Tensor,
    topk: Sequence[int] = (1,),
    thrs: Sequence[float | None] = (0.0,),
) -> Tensor:
    """The same for the best predictions of each sample.

    Args:
        scores: The K best scores (N, K), the largest first.
        labels: Their classes (N, K).
        target: Labels (N,).
        topk: Values of k, at most K.
        thrs: See :func:`accuracy`.
    """
    correct = labels == target.reshape(-1, 1)  # (N, K)
    counted = torch.stack([correct if thr is None else correct & (scores > thr) for thr in thrs])  # (T, N, K)
    return torch.stack([counted[..., :k].sum((1, 2)) for k in topk]).float() * (100.0 / len(target))


def as_topk(topk: int | Iterable[int]) -> tuple[int, ...]:
    """Return values of k as a tuple, whether one was given or several.

    Raises:
        ConfigError: If there is none, or one that is no whole number from 1 on.
    """
    values = (topk,) if isinstance(topk, (int, float)) else tuple(topk)
    if not values or not all(isinstance(k, (int, float)) and k >= 1 and k == k // 1 for k in values):
        raise ConfigError(
            f"topk takes whole numbers from 1 on, got {brief(topk)}", hint="For example (1, 5).", key="topk"
        )
    return tuple(map(int, values))


def limit_topk(topk: tuple[int, ...], num_classes: int) -> tuple[int, ...]:
    """Leave out each k that exceeds the number of classes, and say so; top-1 always remains."""
    available = tuple(k for k in topk if k <= num_classes) or (1,)
    if available != topk:
        names = " and ".join(f"top-{k}" for k in available)
        logger.warning("only %d classes: reporting %s only", num_classes, names)
    return available
