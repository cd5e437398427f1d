"""Numbers to predict, from a table to a report: train, test, predict, other metrics."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

CONFIG = """
model=dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=-1), neck=dict(type='GlobalAveragePooling'),
    head=dict(type='RegressionHead', in_channels=120), data_preprocessor=dict(mean=[128], std=[64]))
steps=[dict(type='LoadImageFromFile', color_type='grayscale'), dict(type='PackInputs')]
def loader(name):
    return dict(batch_size=8, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=name == 'train'),
                dataset=dict(type='TableDataset', ann_file=f'{name}.csv', value='age', pipeline=steps))
train_dataloader=loader('train'); val_dataloader=loader('val'); test_dataloader=loader('val')
val_evaluator=test_evaluator=dict(type='RegressionMetric')
optim_wrapper=dict(optimizer=dict(type='AdamW', lr=3e-3))
train_cfg=dict(by_epoch=True, max_epochs=6); val_cfg=dict(); test_cfg=dict()
default_hooks=dict(checkpoint=dict(type='CheckpointHook', save_best='regression/mae'))
custom_hooks=[dict(type='NormalizeTargetsHook'), dict(type='EMAHook', momentum=0.2)]
flips=[dict(type='RandomFlip', prob=p) for p in (0., 1.)]
tta_pipeline=[steps[0], dict(type='TestTimeAug', transforms=[flips, [dict(type='PackInputs')]])]
tta_model=dict(type='AverageClsScoreTTA')
randomness=dict(seed=0)
"""


@pytest.fixture
def table(case) -> None:
    """Grey images as bright as a person is old, and the config."""
    Path("cfg.py").write_text(CONFIG)
    random = np.random.RandomState(0)
    for split, count in (("train", 48), ("val", 12)):
        with open(f"{split}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "age"])
            for index in range(count):
                age = random.uniform(10, 90)
                cv2.imwrite(f"{split}{index}.png", np.full((32, 32), 2.5 * age, np.uint8))
                writer.writerow([f"{split}{index}.png", f"{age:.2f}"])


def test_from_a_table_to_a_report(table, cli):
    assert cli("check", "cfg.py").code == 0
    done = cli("train", "cfg.py", "--work-dir", "run")
    assert done.code == 0, done.text
    assert list(Path("run").glob("best_regression_mae_epoch_*.pth"))
    done = cli("test", "cfg.py", "run", "--work-dir", "run")
    assert done.code == 0, done.text
    folder = next(Path("run").glob("*/predictions.csv")).parent
    with open(folder / "predictions.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    mae = float(np.mean([abs(float(row["error"])) for row in rows]))
    assert mae < 8, "far better than the mean of all, which is 20 years off"
    facts = json.loads((folder / "facts.json").read_text())
    assert facts["metrics"]["regression/mae"] == pytest.approx(mae, abs=0.01)
    assert 'id="scatter"' in (folder / "report.html").read_text(encoding="utf-8")
    assert cli("report", "run", "--language", "zh").code == 0
    done = cli("eval-metric", "run", "--metric", "type=RegressionMetric", "items=rmse")
    assert "regression/rmse" in done.out
    done = cli("test", "cfg.py", "run", "--work-dir", "run", "--tta")
    assert "regression/mae" in done.out, done.text
    done = cli("predict", "val0.png", "--model", "run", "--out", "csv", "--show-dir", "drawn")
    assert "image,age\nval0.png," in done.out, done.text
    assert float(done.out.split(",")[-1]) == pytest.approx(float(rows[0]["predicted"]), rel=1e-3)
    assert Path("drawn/val0.png").is_file()


def test_commands_for_classes_say_so(table, cli):
    assert cli("train", "cfg.py", "--work-dir", "run", "--cfg-options", "train_cfg.max_epochs=1").code == 0
    assert cli("test", "cfg.py", "run", "--work-dir", "run", "--no-report").code == 0
    assert cli("compare", "run", "run").code == 0  # numbers can be compared
    for command in (
        ("analyze-results", "cfg.py", "run", "--out-dir", "out"),
        ("confusion-matrix", "cfg.py", "run"),
    ):
        done = cli(*command)
        assert done.code not in (0, None), command
        assert "should not happen" not in done.text, done.text
