"""What ``mmpretrain test`` leaves behind."""

from __future__ import annotations

import hashlib
import json

import cv2
import numpy as np
import pytest
import torch

from mmpretrain.apis import get_model
from mmpretrain.cli import test as cli_test
from mmpretrain.cli.main import entry_point
from mmpretrain.cli.test import print_metrics, use_metrics
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.evaluation import Evaluator, Record
from mmpretrain.registry import MODELS
from tests.cli.command_cases import ROOT
from tests.cli.commands import call
from tests.cli.shortcut_cases import config

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


def test_data_with_fewer_classes_keep_the_outputs_of_the_model(folder, capsys):
    model = MODELS.build({"type": "LeNet5", "num_classes": 3})
    weights = {f"backbone.{key}": value for key, value in model.state_dict().items()}
    classes = ("cat", "cow", "dog")
    torch.save({"state_dict": weights, "meta": {"dataset_meta": {"classes": classes}}}, "three.pth")
    (folder / "data").rename(folder / "val")
    text = CONFIG.replace("EVALUATOR", "dict(type='Accuracy')")
    (folder / "cfg.py").write_text(text.replace("num_classes=2", "num_classes=3"))
    done = call(capsys, "test", "cfg.py", "three.pth", "--data", str(folder), "--work-dir", "out")
    assert done.code == 0, done.err
    record = Record.load(next((folder / "out").glob("2*")))
    assert record.scores.shape == (7, 3)
    assert sorted(record.targets.tolist()) == [0, 0, 0, 2, 2, 2, 2]
    image = torch.from_numpy(cv2.imread(record.paths[0], cv2.IMREAD_GRAYSCALE)).float()[None, None] / 255
    assert record.scores[0] == pytest.approx(model.eval()(image)[0].softmax(1)[0].detach().numpy(), abs=1e-5)


def test_tta_uses_the_weights_of_the_checkpoint(run_dir, tmp_path):
    def accuracy(views=None, **options):
        cfg = Config.fromfile(ROOT / "configs/lenet/lenet5_digits.py")
        cfg.load_from = str(next(run_dir.glob("best_accuracy_top1_epoch_1.pth")))
        cfg.work_dir = str(tmp_path)
        if views is not None:
            cfg.tta_model = {"type": "AverageClsScoreTTA"}
            packing = [{"type": "PackInputs"}]
            cfg.tta_pipeline = [
                *cfg.test_pipeline[:-1],
                {"type": "TestTimeAug", "transforms": [views, packing]},
            ]
        cli_test.prepare(cfg, **options)
        return cli_test.run(cfg)["accuracy/top1"]

    alone = accuracy()
    assert accuracy([{"type": "RandomFlip", "prob": 0.0}] * 2, tta=True) == alone > 50
    assert 30 < accuracy(tta=True) < alone, "flipped digits, the default, are harder"


def test_metrics_by_their_names_in_0x():
    cfg = Config.fromfile(ROOT / "configs/lenet/lenet5_digits.py")
    cli_test.use_metrics(cfg, ["ConfusionMatrix", "accuracy", "precision", "recall"], ["topk=1"])
    assert cfg.test_evaluator == [
        {"type": "Accuracy", "topk": (1,)},
        {"type": "SingleLabelMetric", "items": ("precision", "recall")},
        {"type": "ConfusionMatrix"},
    ]
    assert str(cfg.source("test_evaluator.0.type")) == "--metrics (test_evaluator.0.type)"


@pytest.mark.parametrize("name", ["confusion_matrix", "confusion-matrix", "ConfusionMatrix"])
def test_metrics_by_any_spelling(name):
    cfg = config()
    use_metrics(cfg, [name], [])
    assert cfg.test_evaluator == [dict(type="ConfusionMatrix")]


def command(*words) -> None:
    with pytest.raises(SystemExit) as caught:
        entry_point([str(word) for word in words])
    assert caught.value.code == 0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The work folder of a run: its config, and a checkpoint."""
    folder = tmp_path_factory.mktemp("work_dirs") / "my_run"
    folder.mkdir()
    cfg = Config.fromfile(find_config("lenet5_digits"))
    cfg.work_dir = str(folder)
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        cfg[name].num_workers = 0
    cfg.dump(folder / "my_config.py")
    model = get_model("lenet5_digits")
    torch.save({"meta": {}, "state_dict": model.state_dict()}, folder / "epoch_1.pth")
    (folder / "last_checkpoint").write_text("epoch_1.pth")
    return folder


def test_the_folder_of_a_run_is_enough(run, capsys):
    command("test", run, "--metrics", "confusion_matrix")
    shown = capsys.readouterr()
    assert "epoch_1.pth" in shown.err
    lines = shown.out.partition("confusion_matrix/result (10 x 10):\n")[2].splitlines()
    assert sum(int(number) for line in lines[:10] for number in line.split()) == 355


def test_a_config_alone_finds_the_checkpoint_of_its_run(run, capsys):
    command("test", run / "my_config.py")
    shown = capsys.readouterr()
    assert "epoch_1.pth" in shown.err
    assert "accuracy/top1" in shown.out


def test_a_folder_of_runs_names_them(run, capsys):
    with pytest.raises(SystemExit):
        entry_point(["test", str(run.parent)])
    assert capsys.readouterr().err.strip() == (
        f"error: There is no config in the folder '{run.parent}'. There are runs below it: name one of {run}."
    )


def test_matrices_are_shown_or_named(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    print_metrics({"small": torch.tensor([[10, 2], [0, 7]]), "wide": torch.zeros(2, 50), "top1": 12.5})
    shown = capsys.readouterr().out
    assert "small (2 x 2):\n 10  2\n  0  7\n" in shown
    assert "wide (2 x 50):\nIt is too wide to be shown; --out FILE.json saves it.\n" in shown
    assert "12.5000" in shown
