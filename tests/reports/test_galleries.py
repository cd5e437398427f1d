"""Which samples a report shows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mmpretrain.evaluation import Record
from mmpretrain.reports import galleries, write_report


def test_surest_mistakes_are_wrong_and_in_order(record):
    shown = galleries.surest_mistakes(record)
    assert sorted(shown) == np.flatnonzero(~record.right).tolist()
    scores = record.scores[shown].max(1)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


@pytest.mark.parametrize(
    "targets", [[0, 1, 2, 0], np.eye(3, dtype=int)[[0, 1, 2, 0]]], ids=["one", "several"]
)
def test_a_model_without_mistakes(targets, tmp_path):
    """Its record has no surest mistakes, and a page all the same."""
    perfect = Record(np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], np.array(targets))
    assert galleries.surest_mistakes(perfect) == []
    write_report(perfect, tmp_path / "report.html")
    assert (tmp_path / "report.html").is_file()


def test_least_sure_have_close_scores(record):
    shown = galleries.least_sure(record)
    top = np.sort(record.scores, axis=1)
    gaps = top[:, -1] - top[:, -2]
    assert gaps[shown].tolist() == np.sort(gaps)[: galleries.SHOWN].tolist()
    assert (
        galleries.least_sure(
            dataclasses.replace(record, scores=record.scores[:, :1], targets=np.zeros(60, int), classes=())
        )
        == []
    )


def test_best_and_worst_belong_to_the_class(record):
    rows = galleries.best_and_worst(record)
    assert sorted(k for k, _, _ in rows) == [0, 1, 2]
    for k, best, worst in rows:
        own = record.scores[record.targets == k, k]
        assert record.targets[best] == record.targets[worst] == k
        assert (record.scores[best, k], record.scores[worst, k]) == (own.max(), own.min())


def test_cells_hold_their_samples(record):
    cells = galleries.cells(record)
    for (truth, predicted), indices in cells.items():
        assert 0 < len(indices) <= galleries.PER_CELL
        assert set(record.targets[indices]) == {truth}
        assert set(record.predicted[indices]) == {predicted}
    several = dataclasses.replace(record, targets=np.ones((60, 3), np.int8))
    assert galleries.cells(several) == {}


def test_shots(record):
    (shot,) = galleries.shots(record, [1])
    assert (shot.truth, shot.predicted, shot.verdict.right) == ("dog", (("dog", shot.verdict.score),), True)
    assert shot.path == record.paths[1]
    none = dataclasses.replace(record, targets=np.zeros((60, 3), np.int8), paths=())
    assert (galleries.shots(none, [0])[0].truth, galleries.shots(none, [0])[0].path) == ("", "")


def test_several_labels():
    """By thresholds: a sample without any label is right if no class is found."""
    scores = np.array([[0.4, 0.1], [0.45, 0.9], [0.8, 0.6], [0.6, 0.3]], np.float32)
    targets = np.array([[0, 0], [1, 1], [1, 0], [-1, 0]], np.int8)
    record = Record(scores, targets, classes=("cat", "dog"))
    assert record.right.tolist() == [True, False, False, True]
    assert galleries.surest_mistakes(record) == [2, 1]
    assert galleries.least_sure(record) == [1, 0, 2, 3]
    first, second = galleries.shots(record, [0, 2])
    assert (first.predicted, first.truth, first.verdict.right) == ((), "", True)
    assert [name for name, _ in second.predicted] == ["cat", "dog"]
    strict = dataclasses.replace(record, facts={"thresholds": [0.3, 0.95]})
    assert strict.right.tolist() == [False, False, True, True]
