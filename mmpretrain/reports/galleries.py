"""Which samples a report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpretrain.evaluation.functional.label_quality import find_label_suspects
from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.verdicts import Verdict
from mmpretrain.reports.names import path_name

#: Pictures of a gallery, of a cell of the confusion matrix, and classes with a best and a worst picture.
SHOWN, PER_CELL, CLASSES = 24, 8, 40


@dataclass(frozen=True)
class Shot:
    """A sample in a gallery.

    Attributes:
        verdict: Its prediction, and whether that is right.
        path: Where its image comes from, as it is shown; empty if that is not known.
        truth: Names of the right classes.
        predicted: Names and scores of the predicted classes.
    """

    verdict: Verdict
    path: str
    truth: str
    predicted: tuple[tuple[str, float], ...]


def shots(record: Record, indices: Sequence[int]) -> list[Shot]:
    """Describe samples."""
    verdicts = [record.verdict(int(index)) for index in indices]
    return [
        Shot(
            verdict,
            path=path_name(record.paths[verdict.index]) if record.paths else "",
            truth=", ".join(map(record.class_name, verdict.actual)),
            predicted=tuple(
                (record.class_name(k), float(record.scores[verdict.index, k])) for k in verdict.predicted
            ),
        )
        for verdict in verdicts
    ]


def surest_mistakes(record: Record) -> list[int]:
    """Return the wrong predictions with the highest scores.

    Of several labels, those with a wrong label whose score is farthest from its threshold.
    """
    wrong = np.flatnonzero(~record.right)
    if not len(wrong):
        return []
    part = record.part(wrong)
    if record.multi_label:
        sure = np.where(part.mistaken, _to_threshold(part), 0).max(1, initial=0)
    else:
        sure = part.scores.max(1, initial=-np.inf)
    return wrong[np.argsort(-sure, kind="stable")][:SHOWN].tolist()


def least_sure(record: Record) -> list[int]:
    """Return the samples whose two best classes have the closest scores.

    Of several labels, those with a score that is closest to its threshold.
    """
    if record.multi_label:
        gaps = np.where(record.targets == -1, np.inf, _to_threshold(record)).min(1)
        return np.argsort(gaps, kind="stable")[:SHOWN].tolist()
    if record.scores.shape[1] < 2:
        return []
    top = np.partition(record.scores, -2, axis=1)[:, -2:]
    return np.argsort(top[:, 1] - top[:, 0], kind="stable")[:SHOWN].tolist()


def _to_threshold(record: Record) -> np.ndarray:
    """Return how far scores are from the thresholds of their classes, (N, C)."""
    return np.abs(record.scores - record.thresholds)


def label_suspects(record: Record) -> list[int]:
    """Return the samples whose label the predictions contradict most."""
    if record.multi_label or record.scores.shape[1] < 2:
        return []
    return find_label_suspects(record.scores, record.targets).index[:SHOWN].tolist()


def best_and_worst(record: Record) -> list[tuple[int, int, int]]:
    """Return, for classes with samples, the class and those with its highest and its lowest score."""
    rows = []
    for k in range(record.scores.shape[1]):
        own = np.flatnonzero(record.targets[:, k] == 1 if record.multi_label else record.targets == k)
        if len(own):
            order = own[np.argsort(record.scores[own, k], kind="stable")]
            rows.append((k, int(order[-1]), int(order[0])))
    rows.sort(key=lambda row: record.scores[row[2], row[0]])
    return rows[:CLASSES]


def cells(record: Record) -> dict[tuple[int, int], list[int]]:
    """Return the surest samples of each cell (truth, predicted) of the confusion matrix."""
    if record.multi_label:
        return {}
    found: dict[tuple[int, int], list[int]] = {}
    best = record.predicted
    for index in np.argsort(-record.scores.max(1), kind="stable").tolist():
        cell = found.setdefault((int(record.targets[index]), int(best[index])), [])
        if len(cell) < PER_CELL:
            cell.append(index)
    return found
