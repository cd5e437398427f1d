"""The record of regression: written, read again, and files that are none."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation import Evaluator, Record, ValueRecord, load_record, value_record_of

VALUES = np.array([[31.5, 1.5], [20, 1.25]], np.float32)
TARGETS = np.array([[30, 1.75], [20, 1.0]], np.float32)
PATHS = ("a.png", "三.png")


def record(**changes) -> ValueRecord:
    fields = {"values": VALUES, "targets": TARGETS, "paths": PATHS, "names": ("age", "height, m")}
    return ValueRecord(**{**fields, "facts": {"metrics": {"regression/mae": 0.5}}, **changes})


def test_round_trip(tmp_path):
    made = record()
    made.save(tmp_path)
    for again in (load_record(tmp_path), ValueRecord.load(tmp_path / "predictions.npz")):
        assert isinstance(again, ValueRecord)
        assert np.array_equal(again.values, VALUES)
        assert np.array_equal(again.errors, [[1.5, -0.25], [0, 0.25]])
        assert (again.paths, again.names, again.facts) == (made.paths, made.names, made.facts)
    with pytest.raises(DataError, match="numbers of regression, no classes"):
        Record.load(tmp_path)
    Record(VALUES, np.array([0, 1])).save(tmp_path / "classes")
    assert isinstance(load_record(tmp_path / "classes"), Record)
    with pytest.raises(DataError, match="no record"):
        ValueRecord.load(tmp_path / "classes")


def test_table(tmp_path):
    record().save(tmp_path)
    with open(tmp_path / "predictions.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["path"] == "a.png"
    assert [rows[0][f"{what} age"] for what in ("truth", "predicted", "error")] == ["30", "31.5", "1.5"]
    assert rows[1]["error height, m"] == "0.25"
    record(values=VALUES[:, :1], targets=TARGETS[:, :1], names=(), paths=()).save(tmp_path)
    text = (tmp_path / "predictions.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[:2] == ["path,truth,predicted,error", "0,30,31.5,1.5"]


def test_metrics_and_samples(tmp_path):
    samples = list(record().samples())
    assert Evaluator({"type": "RegressionMetric", "items": ["mae"]}).offline_evaluate(samples) == {
        "regression/mae": pytest.approx(0.5)
    }
    again = value_record_of(samples, ["age", "height, m"])
    assert np.array_equal(again.targets, TARGETS)
    assert again.paths == PATHS
    assert value_record_of(samples).names == ("value_0", "value_1")
    with pytest.raises(DataError, match="sample 1 has no predicted"):
        value_record_of([samples[0], {"gt_value": torch.ones(2)}])
    with pytest.raises(DataError, match="different numbers of values"):
        value_record_of([samples[0], {"gt_value": torch.ones(1), "pred_value": torch.ones(1)}])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": TARGETS[:1]}, "do not fit"),
        ({"targets": TARGETS * np.nan}, "not finite"),
        ({"paths": ("a",)}, "1 paths for 2"),
        ({"names": ("a",)}, "1 names for 2"),
        ({"values": np.zeros((0, 2), np.float32)}, "shape"),
    ],
)
def test_what_does_not_fit(changes, message):
    with pytest.raises(DataError, match=message):
        record(**changes)


def test_files_of_strangers(tmp_path):
    record().save(tmp_path)
    np.savez_compressed(tmp_path / "predictions.npz", values=VALUES, targets=TARGETS, names=np.zeros(1))
    with pytest.raises(DataError, match="compressed"):
        load_record(tmp_path)
    (tmp_path / "predictions.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="no record"):
        load_record(tmp_path)
