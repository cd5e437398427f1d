"""The record of an evaluation: written, read again, and files that are none."""

from __future__ import annotations

import csv
import json
import os
import zipfile

import numpy as np
import pytest
import torch

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.evaluation import Evaluator, Record, record_of

SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.4, 0.35, 0.25]], np.float32)
CLASSES = ("cat", "dog, small", "牛")
PATHS = ("a/1.jpg", 'b/"2",\n.jpg', "c/三.jpg")


def record(**changes) -> Record:
    fields = {"scores": SCORES, "targets": np.array([0, 1, 2]), "paths": PATHS, "classes": CLASSES}
    return Record(**{**fields, "facts": {"metrics": {"accuracy/top1": 66.7}}, **changes})


@pytest.mark.parametrize(
    "targets", [np.array([0, 1, 2]), np.array([[1, 1, 0], [0, 1, -1], [0, 0, 0]], np.int8)]
)
def test_round_trip(tmp_path, targets):
    made = record(targets=targets)
    made.save(tmp_path / "new" / "folder")
    for source in (tmp_path / "new" / "folder", tmp_path / "new" / "folder" / "predictions.npz"):
        again = Record.load(source)
        assert np.array_equal(again.scores, made.scores)
        assert np.array_equal(again.targets, made.targets)
        assert (again.paths, again.classes, again.facts) == (made.paths, made.classes, made.facts)


def test_table(tmp_path):
    record().save(tmp_path)
    with open(tmp_path / "predictions.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == list(PATHS)
    assert [row["truth"] for row in rows] == list(CLASSES)
    assert [row["predicted"] for row in rows] == ["cat", "dog, small", "cat"]
    assert [row["right"] for row in rows] == ["1", "1", "0"]
    assert [row["score_of_truth"] for row in rows] == ["0.9", "0.5", "0.25"]


def test_metrics_of_a_record(tmp_path):
    record().save(tmp_path)
    evaluator = Evaluator([{"type": "Accuracy"}, {"type": "AUROC"}])
    values = evaluator.offline_evaluate(Record.load(tmp_path).samples(), chunk_size=2)
    assert values["accuracy/top1"] == pytest.approx(200 / 3)


def test_from_samples():
    samples = [
        {"pred_score": torch.tensor([0.1, 0.9]), "gt_label": torch.tensor([1]), "img_path": "x.png"},
        {"pred_score": torch.tensor([0.6, 0.4]), "gt_label": torch.tensor([0]), "img_path": "y.png"},
    ]
    made = record_of(samples, ["a", "b"])
    assert made.targets.tolist() == [1, 0]
    assert made.paths == ("x.png", "y.png")
    samples[0]["gt_label"] = torch.tensor([0, 1])
    assert record_of(samples).targets.tolist() == [[1, 1], [1, 0]]
    with pytest.raises(DataError, match="sample 1 has no scores"):
        record_of([samples[0], {"gt_label": torch.tensor([0])}])
    with pytest.raises(DataError, match="different numbers of classes"):
        record_of([samples[0], {"pred_score": torch.ones(3), "gt_label": torch.tensor([0])}])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": np.array([0, 1])}, "do not fit"),
        ({"targets": np.array([0, 1, 3])}, "labels must be from 0 to 2"),
        ({"paths": ("a",)}, "1 paths for 3"),
        ({"classes": ("a",)}, "1 class names for 3"),
        ({"scores": np.zeros((0, 3), np.float32), "targets": np.zeros(0, int)}, "shape"),
    ],
)
def test_what_does_not_fit(changes, message):
    with pytest.raises(DataError, match=message):
        record(**changes)


def test_no_record(tmp_path):
    with pytest.raises(MissingFileError, match="mmpretrain test"):
        Record.load(tmp_path)


def _rewrite(folder, **entries: bytes) -> None:
    """Write the archive once more, with other members, compressed."""
    with zipfile.ZipFile(folder / "predictions.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(folder / "predictions.npz", "w") as archive:
        for name, data in {**members, **{f"{key}.npy": value for key, value in entries.items()}}.items():
            archive.writestr(name, data)


def _lying(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    "entries",
    [
        {"scores": _lying((10**9, 10**4))},
        {"scores": _lying((3, 3), "|O")},
        {"scores": b"no array"},
        {"scores": b""},
        {"names": _lying((4,), "|u1") + b"[[]]"},
        {"names": _lying((2,), "|u1") + b"{}"},
    ],
    ids=["huge", "objects", "text", "empty", "no-names", "no-keys"],
)
def test_files_of_strangers(tmp_path, entries):
    record().save(tmp_path)
    _rewrite(tmp_path, **entries)
    with pytest.raises(DataError, match="no record"):
        Record.load(tmp_path)


def test_other_files(tmp_path):
    record().save(tmp_path)
    (tmp_path / "facts.json").write_text(json.dumps([1, 2]))
    with pytest.raises(DataError, match="no facts"):
        Record.load(tmp_path)
    (tmp_path / "predictions.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="no record"):
        Record.load(tmp_path)
    with zipfile.ZipFile(tmp_path / "predictions.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scores.npy", _lying((10**6, 10)) + bytes(4 * 10**7))
    with pytest.raises(DataError, match="compressed"):
        Record.load(tmp_path)


def rows_of(folder) -> list[dict[str, str]]:
    with open(folder / "predictions.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_spreadsheets_find_no_formula(tmp_path):
    """The arrays keep the names as they are."""
    paths = ("=cmd|' /C calc'!A0.jpg", "-1.5", "@SUM(A1).png")
    made = record(paths=paths, classes=("=HYPERLINK(1)", "+dog", "-0.5"))
    made.save(tmp_path)
    rows = rows_of(tmp_path)
    assert [row["path"] for row in rows] == [f"'{paths[0]}", "-1.5", f"'{paths[2]}"]
    assert [row["truth"] for row in rows] == ["'=HYPERLINK(1)", "'+dog", "-0.5"]
    assert Record.load(tmp_path).paths == paths


def test_names_that_are_no_utf_8(tmp_path):
    """File names may be any bytes: a test must not fail for them when all is done."""
    paths = (os.fsdecode(b"caf\xe9.jpg"), "\U0001f600.png", "三.png")
    made = record(paths=paths, facts={"command": ["mmpretrain", paths[0]]})
    made.save(tmp_path)
    assert [row["path"] for row in rows_of(tmp_path)] == [r"caf\udce9.jpg", *paths[1:]]
    again = Record.load(tmp_path)
    assert again.paths == paths
    assert again.facts == made.facts


def test_facts_are_json_for_every_reader(tmp_path):
    record(facts={"metrics": {"a": float("nan"), "b": [1.0, float("inf")], "c": (2,)}}).save(tmp_path)

    def refuse(name: str) -> None:
        raise ValueError(name)

    facts = json.loads((tmp_path / "facts.json").read_bytes(), parse_constant=refuse)
    assert facts["metrics"] == {"a": None, "b": [1.0, None], "c": [2]}


@pytest.mark.parametrize("call", range(3))
def test_a_record_is_complete_or_not_there(tmp_path, monkeypatch, call):
    """Wherever writing ends: the arrays are there only if the other files belong to them."""
    record().save(tmp_path)
    calls = iter(range(3))
    replace = os.replace

    def stop(source, target):
        if next(calls) == call:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        record(facts={"new": 1}).save(tmp_path)
    with pytest.raises(MissingFileError):
        Record.load(tmp_path)


def test_the_table_of_several_labels(tmp_path):
    """All classes that reach their threshold, and whether these are the right ones among those that count."""
    targets = np.array([[1, 0, -1], [0, 1, 1], [0, 0, 0]], np.int8)
    record(targets=targets, facts={"thresholds": [0.5, 0.3, 0.0]}).save(tmp_path)
    rows = rows_of(tmp_path)
    assert [row["predicted"] for row in rows] == ["cat;牛", "dog, small;牛", "dog, small;牛"]
    assert [row["right"] for row in rows] == ["1", "1", "0"]
    assert rows[1]["score"] == "0.5;0.3"


@pytest.mark.parametrize("odd", [None, "x", [1], {"a": 1}, [[1], 2, 3]])
def test_thresholds_of_strangers(odd):
    thresholds = record(facts={"thresholds": odd}).thresholds
    assert thresholds.shape == (3,)
