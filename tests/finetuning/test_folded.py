"""The results of folds are kept, and joined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.value_record import ValueRecord, load_record
from mmpretrain.finetuning.folded import (
    RESULTS,
    Results,
    fold_folders,
    is_cross_validation,
    is_half_written,
    join_predictions,
)


def test_results_are_kept_and_joined(tmp_path: Path) -> None:
    results = Results(3)
    for number in range(2):
        own = tmp_path / f"fold{number}" / "20260101_000000"
        scores = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
        Record(scores, np.array([0, number]), (f"{number}a", f"{number}b"), ("x", "y")).save(own)
        results.add(number, {"accuracy/top1": 50.0 + number, "matrix": [1]}, own, tmp_path)
    again = Results.load(tmp_path)
    assert again == results
    assert is_cross_validation(tmp_path)
    assert [path.name for path in fold_folders(tmp_path)] == ["fold0", "fold1"]
    joined = Record.load(join_predictions(tmp_path, again))
    assert joined.paths == ("0a", "0b", "1a", "1b")
    assert joined.targets.tolist() == [0, 0, 0, 1]
    assert joined.facts["metrics"] == {"accuracy/top1": 50.5}


def test_values_are_joined(tmp_path: Path) -> None:
    results = Results(2)
    for number in range(2):
        own = tmp_path / f"fold{number}" / "20260101_000000"
        ValueRecord(
            np.full((2, 1), 0.5, np.float32),
            np.full((2, 1), number, np.float32),
            (f"{number}a", f"{number}b"),
        ).save(own)
        results.add(number, {"regression/mae": 0.5}, own, tmp_path)
    joined = load_record(join_predictions(tmp_path, results))
    assert isinstance(joined, ValueRecord)
    assert joined.targets[:, 0].tolist() == [0, 0, 1, 1]
    assert joined.facts["metrics"] == {"regression/mae": 0.5}


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"count": 2, "folds": []}', '{"count": 2, "folds": {"7": {"metrics": {}, "record": ""}}}'],
)
def test_what_are_no_results(tmp_path: Path, text: str) -> None:
    (tmp_path / RESULTS).write_text(text)
    with pytest.raises(DataError, match="no results of a cross-validation"):
        Results.load(tmp_path)


def test_plans_that_are_not_complete(tmp_path: Path) -> None:
    assert not is_half_written(tmp_path)
    (tmp_path / "fold0").mkdir()
    assert is_half_written(tmp_path)
    Results(2).save(tmp_path)
    assert not is_half_written(tmp_path)


def test_other_folders(tmp_path: Path) -> None:
    assert not is_cross_validation(tmp_path)
    (tmp_path / RESULTS).write_text("{}")
    assert not is_cross_validation(tmp_path)
