"""Finding the record that a user names."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
import torch

from mmpretrain.analysis.records import folder_of_run, open_record
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.evaluation.record import Record, latest_record


def save(folder, score: float) -> None:
    Record(np.array([[score, 1 - score]], np.float32), np.array([0])).save(folder)


def test_forms(tmp_path):
    save(tmp_path / "20260101_000000", 0.25)
    save(tmp_path / "20260102_000000", 0.75)
    os.utime(tmp_path / "20260102_000000" / "predictions.npz", (0, 0))
    newest = tmp_path / "20260102_000000"
    for source in (tmp_path, newest, newest / "predictions.npz"):
        assert open_record(str(source)).scores[0, 0] == 0.75
        assert folder_of_run(str(source)) == tmp_path
    assert latest_record(tmp_path) == newest
    assert open_record(str(tmp_path / "20260101_000000")).scores[0, 0] == 0.25


def test_runs_below_a_folder_are_named(tmp_path):
    save(tmp_path / "run" / "20260101_000000", 0.25)
    with pytest.raises(MissingFileError, match=r"Runs below it have: .*/run"):
        open_record(str(tmp_path))


def test_results_of_1x(tmp_path):
    path = tmp_path / "result.pkl"
    samples = [{"pred_score": torch.tensor([0.2, 0.8]), "gt_label": torch.tensor([1]), "img_path": "a.png"}]
    path.write_bytes(pickle.dumps(samples))
    assert open_record(str(path)).paths == ("a.png",)
    path.write_bytes(pickle.dumps([{"pred_label": torch.tensor([1])}]))
    with pytest.raises(DataError, match=r"result\.pkl.*sample 0 has no scores"):
        open_record(str(path))


def test_what_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match="no test has left a record"):
        open_record(str(tmp_path))
    with pytest.raises(MissingFileError, match="no such record"):
        open_record(str(tmp_path / "gone"))
    assert folder_of_run("result.pkl") is None
