"""Records of models with several tasks: one for each, whatever their names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmpretrain.errors import DataError
from mmpretrain.evaluation import Evaluator, Record, record_of
from mmpretrain.evaluation.record import latest_record
from mmpretrain.evaluation.tasks import fields_by_task, folders_of_tasks


def sample(index: int) -> dict:
    def fields(classes: int, labelled: bool) -> dict:
        label = {"gt_label": torch.tensor([index % classes])} if labelled else {}
        score = torch.eye(classes)[index % classes]
        return {"img_path": f"{index}.png", "pred_score": score, "eval_mask": labelled, **label}

    return {
        "colour": fields(3, index != 1),
        "../shape": fields(2, True),
        "in": {"size": fields(2, False), "eval_mask": True},
    }


def test_a_record_for_each_task(tmp_path):
    """Of the samples that have labels for it; a task without any has none."""
    evaluator = Evaluator({"type": "RecordPredictions", "out_dir": str(tmp_path / "20260101_000000")})
    assert evaluator.offline_evaluate([sample(index) for index in range(4)]) == {}
    folder = tmp_path / "20260101_000000" / "tasks"
    assert {path.name for path in folder.iterdir()} == {"colour", "_shape"}
    assert Record.load(folder / "colour").paths == ("0.png", "2.png", "3.png")
    assert Record.load(folder / "_shape").targets.tolist() == [0, 1, 0, 1]
    with pytest.raises(DataError, match=r"a record for each of 2 tasks.*Name one of them: .*colour"):
        latest_record(tmp_path)
    with pytest.raises(DataError, match=r"of several tasks \(colour, ../shape, in/size\)"):
        record_of([sample(0)])


def test_names_of_tasks_make_different_folders():
    folders = folders_of_tasks(Path("run"), ["a/b", "a_b", "", "..", "形状"])
    assert [folder.name for folder in folders.values()] == ["a_b", "a_b_", "_", "__", "形状"]
    assert {folder.parent for folder in folders.values()} == {Path("run/tasks")}


def test_fields_by_task():
    assert [name for name, _ in fields_by_task(sample(0))] == ["colour", "../shape", "in/size"]
    assert not list(fields_by_task({"pred_score": [1], "meta": {"a": 1}}))
