"""Two models on the same images."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.value_record import ValueRecord
from mmpretrain.reports import compare, compare_values


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
    wrong = np.flatnonzero(~record.right)
    assert (pair.only_first, pair.only_second) == (0, len(wrong))
    assert pair.p == pytest.approx(2 * 0.5 ** len(wrong))
    assert sorted(compared.differing) == wrong.tolist()


def test_several_labels_are_right_if_all_are(record):
    several = np.eye(3, dtype=np.int8)[record.targets]
    right = np.where(several == 1, 0.9, 0.1).astype(np.float32)
    spoilt = right.copy()
    spoilt[:5] = 0.9  # the best class is right, the others are not
    several[4, several[4] == 0] = -1  # here they do not count
    models = [dataclasses.replace(record, targets=several, scores=scores) for scores in (right, spoilt)]
    (pair,) = compare(dict(zip("ab", models))).pairs
    assert (pair.only_first, pair.only_second) == (4, 0)


def test_three_models_are_corrected(record):
    scores = [np.eye(3, dtype=np.float32)[(record.targets + (np.arange(60) < n)) % 3] for n in (0, 8, 20)]
    compared = compare({str(n): dataclasses.replace(record, scores=one) for n, one in enumerate(scores)})
    assert [(pair.only_first, pair.only_second) for pair in compared.pairs] == [(8, 0), (20, 0), (12, 0)]
    assert [pair.p_holm for pair in compared.pairs] == pytest.approx([2 / 2**8, 6 / 2**20, 4 / 2**12])


def test_values():
    random = np.random.RandomState(0)
    targets = random.rand(50, 1).astype(np.float32)
    noise = random.randn(50, 1).astype(np.float32)
    near, far = (ValueRecord(targets + scale * noise, targets) for scale in (0.1, 1.0))
    compared = compare_values({"near": near, "far": far, "again": near})
    p = {(pair.first, pair.second): pair.p for pair in compared.pairs}
    assert p["near", "far"] < 0.001
    assert p["near", "again"] == 1
    assert compared.pairs[0].error_first == pytest.approx(float(np.abs(near.errors).mean()))
    assert compared.differing[0] == int(np.abs(noise).argmax())
    broken = dataclasses.replace(far, values=np.full_like(targets, np.nan))
    assert compare_values({"near": near, "broken": broken}).pairs[0].p == 1


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
