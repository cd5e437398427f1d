"""What ``mmpretrain test`` leaves behind."""

from __future__ import annotations

import hashlib
import json

import cv2
import numpy as np
import pytest
import torch

from mmpretrain.evaluation import Evaluator, Record
from mmpretrain.registry import MODELS
from tests.cli.commands import call

CONFIG = """
model = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=2), neck=None,
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss')),
    data_preprocessor=dict(mean=[0.], std=[255.]))
pipeline = [dict(type='LoadImageFromFile', color_type='grayscale'), dict(type='PackInputs')]
test_dataloader = dict(batch_size=3, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CustomDataset', data_root='data', pipeline=pipeline))
test_evaluator = EVALUATOR
test_cfg = dict()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.RandomState(0)
    for index in range(7):
        path = tmp_path / "data" / ("cat" if index % 2 else "dog") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), random.randint(0, 255, (32, 32), np.uint8))
    model = MODELS.build({"type": "LeNet5", "num_classes": 2})
    torch.save({"state_dict": {f"backbone.{k}": v for k, v in model.state_dict().items()}}, "w.pth")
    return tmp_path


@pytest.mark.parametrize(
    "evaluator",
    ["dict(type='Accuracy')", "dict(type='Evaluator', metrics=[dict(type='Accuracy')])"],
    ids=["metric", "evaluator"],
)
def test_record(folder, capsys, evaluator):
    (folder / "cfg.py").write_text(CONFIG.replace("EVALUATOR", evaluator))
    done = call(capsys, "test", "cfg.py", "w.pth", "--work-dir", "out", "--out", "m.json")
    assert done.code == 0, done.err
    assert "predictions.csv" in done.out + done.err
    record = Record.load(next((folder / "out").glob("2*")))
    assert record.classes == ("cat", "dog")
    assert sorted(path.rpartition("/")[2] for path in record.paths) == [f"{k}.png" for k in range(7)]
    metrics = json.loads((folder / "m.json").read_text())
    assert Evaluator({"type": "Accuracy"}).offline_evaluate(record.samples()) == pytest.approx(metrics)
    assert record.facts["metrics"] == metrics
    assert record.facts["data"]["samples"] == 7
    digest = hashlib.sha256((folder / "w.pth").read_bytes()).hexdigest()
    assert record.facts["model"]["checkpoint"] == {"path": "w.pth", "sha256": digest}
    assert "LeNet5" in record.facts["config"]["text"]
