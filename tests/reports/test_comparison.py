"""Two models on the same images."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.reports import compare
from mmpretrain.reports.summary import right_predictions


def reordered(record: Record, order: np.ndarray) -> Record:
    return dataclasses.replace(
        record,
        scores=record.scores[order],
        targets=record.targets[order],
        paths=tuple(record.paths[i] for i in order),
    )


def test_images_are_matched_by_path(record):
    order = np.random.RandomState(0).permutation(60)[:50]
    compared = compare({"a": record, "b": reordered(record, order)})
    assert compared.left_out == 10
    assert compared.pairs[0].p == 1
    assert compared.differing == []
    assert np.array_equal(compared.records["a"].scores, compared.records["b"].scores)


def test_what_differs(record):
    perfect = dataclasses.replace(record, scores=np.eye(3, dtype=np.float32)[record.targets])
    compared = compare({"model": record, "perfect": perfect})
    (pair,) = compared.pairs
    wrong = np.flatnonzero(~right_predictions(record))
    assert (pair.only_first, pair.only_second) == (0, len(wrong))
    assert pair.p == pytest.approx(2 * 0.5 ** len(wrong))
    assert sorted(compared.differing) == wrong.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: dataclasses.replace(r, classes=("x", "y", "z")), "same classes"),
        (lambda r: dataclasses.replace(r, targets=(r.targets + 1) % 3), "different labels"),
        (lambda r: dataclasses.replace(r, paths=tuple(f"{i}" for i in range(60))), "no image in common"),
        (lambda r: dataclasses.replace(reordered(r, np.arange(5)), paths=()), "as many samples"),
    ],
)
def test_what_cannot_be_compared(record, change, message):
    with pytest.raises(DataError, match=message):
        compare({"a": record, "b": change(record)})


def test_one_is_too_few(record):
    with pytest.raises(DataError, match="two evaluations"):
        compare({"a": record})
