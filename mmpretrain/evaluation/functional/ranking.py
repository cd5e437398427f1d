"""How well positive samples are ranked above others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.inputs import ArrayLike, check_same_length, to_tensor


def average_precision(
    pred: ArrayLike, target: ArrayLike, average: Literal["macro"] | None = "macro"
) -> Tensor:
    """Average precision of each class, in percent: the mean precision at the ranks of its positive samples.

    Args:
        pred: Scores (N, C).
        target: (N, C), 1 for positive samples, 0 for others, and -1 for those that do not count.
        average: ``'macro'`` averages over classes; None does not.

    Returns:
        A number, or (C,).
    """
    if average not in ("macro", None):
        raise ConfigError(f"average must be 'macro' or None, got {average!r}", key="average")
    pred, target = to_tensor(pred), to_tensor(target)
    if pred.ndim != 2 or pred.shape != target.shape:
        raise DataError(
            "Scores and targets must both have shape (N, C), "
            f"got {tuple(pred.shape)} and {tuple(target.shape)}"
        )
    # (C, N): what is sorted lies side by side in memory.
    order = pred.T.contiguous().argsort(dim=1, descending=True, stable=True)
    ranked = target.T.gather(1, order)
    positive, rank = ranked == 1, (ranked != -1).cumsum(1)
    precision = positive.cumsum(1) / rank.clamp(min=1) * positive
    value = precision.sum(1) / positive.sum(1).clamp(min=1) * 100
    return value.mean() if average == "macro" else value


class _Ranking(NamedTuple):
    """Result of one query."""

    hits: Tensor  #: For each of the items found, best first, whether it is right.
    num_targets: int  #: How many items would be right.


def retrieval_recall(
    pred: ArrayLike,
    target: ArrayLike,
    topk: int | Sequence[int],
    pred_indices: bool = False,
    target_indices: bool = False,
) -> list[Tensor]:
    """Share of queries with a right item among the first k, in percent, for each k.

    Args:
        pred: Similarity of each item (N, M), or for each query the items found, best first.
        target: Zeros and ones (N, M), or for each query the items that are right.
        topk: One k or several.
        pred_indices: Whether ``pred`` holds items.
        target_indices: Whether ``target`` holds items.
    """
    topk = (topk,) if isinstance(topk, int) else topk
    check_topk(topk)
    rankings = list(_rankings(pred, target, max(topk), pred_indices, target_indices))
    return [torch.tensor([float(r.hits[:k].any()) for r in rankings]).mean() * 100 for k in topk]


def retrieval_average_precision(
    pred: ArrayLike,
    target: ArrayLike,
    topk: int | None = None,
    pred_indices: bool = False,
    target_indices: bool = False,
    mode: Literal["IR", "integrate"] = "IR",
) -> float:
    """Average precision of the first k items, in percent, averaged over the queries.

    Args:
        pred: Similarity of each item (N, M), or for each query the items found, best first.
        target: Zeros and ones (N, M), or for each query the items that are right.
        topk: How many items to look at.
        pred_indices: Whether ``pred`` holds items.
        target_indices: Whether ``target`` holds items.
        mode: ``'IR'`` takes the precision at each right item, ``'integrate'`` its mean with the precision
            just before, as for the `Oxford Buildings <https://www.robots.ox.ac.uk/~vgg/data/oxbuildings/>`_.
    """
    check_topk([topk])
    check_mode(mode)
    rankings = list(_rankings(pred, target, topk, pred_indices, target_indices))
    return sum(_ranking_precision(ranking, mode) for ranking in rankings) / len(rankings) * 100


def check_topk(topk: Sequence[int | None]) -> None:
    """Raise unless each k is a positive number."""
    if any(k is None or k <= 0 for k in topk):
        raise ConfigError(f"topk must be a positive integer, or several, got {topk!r}", key="topk")


def check_mode(mode: str) -> None:
    """Raise if average precision has no such mode."""
    if mode not in ("IR", "integrate"):
        raise ConfigError(f"mode must be 'IR' or 'integrate', got {mode!r}")


def _ranking_precision(ranking: _Ranking, mode: str) -> float:
    rank = ranking.hits.nonzero().flatten().double()
    before = torch.arange(len(rank), dtype=torch.float64)
    precision = (before + 1) / (rank + 1)
    if mode == "integrate":
        precision = (precision + torch.where(rank > 0, before / rank, 1)) / 2
    return precision.sum().item() / max(ranking.num_targets, 1)


def _rankings(
    pred: ArrayLike, target: ArrayLike, topk: int | None, pred_indices: bool, target_indices: bool
) -> Iterator[_Ranking]:
    if not pred_indices:
        pred = to_tensor(pred)
        pred = pred.topk(min(topk or pred.size(1), pred.size(1))).indices
    check_same_length(pred, target)
    for found, right in zip(pred, target):
        items = to_tensor(right).flatten().cpu()
        if not target_indices:
            items = items.nonzero().flatten()
        yield _Ranking(torch.isin(to_tensor(found).cpu()[:topk], items), len(items))
