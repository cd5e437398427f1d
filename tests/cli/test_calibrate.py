"""Tests of :mod:`mmpretrain.cli.calibrate`, and of what ``predict`` and Python say afterwards."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmpretrain import ImageClassificationInferencer
from mmpretrain.checkpoints.serialization import load, save
from mmpretrain.cli import calibrate as module
from mmpretrain.cli.demo_data import write_digits
from mmpretrain.cli.main import app
from mmpretrain.errors import CheckpointError, ConfigError, DataError
from mmpretrain.registry import MODELS
from tests.cli.command_cases import run


def call(*words):
    """Run a command in this process; errors are raised."""
    app(args=[str(word) for word in words], prog_name="mmpretrain", standalone_mode=False)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    noise = np.random.default_rng(0).integers(0, 255, (28, 28, 3)).astype(np.uint8)
    cv2.imwrite(str(folder / "noise.png"), noise)
    return folder


@pytest.fixture(scope="module")
def calibrated(run_dir, digits):
    out = digits / "calibrated.pth"
    call("calibrate", run_dir / "epoch_1.pth", "--data", digits, "--out", out, "--device", "cpu")
    return out


def test_the_checkpoint_is_as_it_was(run_dir, calibrated):
    before, after = load(run_dir / "epoch_1.pth"), load(calibrated)
    assert list(before) == list(after)
    for key, value in before["state_dict"].items():
        assert torch.equal(value, after["state_dict"][key])
    assert {*after["meta"]} - {*before["meta"]} == {"calibration"}
    assert after["meta"]["calibration"]["facts"]["images"] == 355  # those for validation only


def test_predict_says_what_it_does_not_know(calibrated, digits):
    words = ["predict", digits / "val" / "3", digits / "noise.png", "--model", calibrated, "--out", "csv"]
    done = run(*words, "--coverage", "0.8", "--reject")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == ["image", "rank", "label", "class", "score", "set", "ood_score", "abstain"]
    sure = [row for row in rows if row["abstain"] == "0"]
    assert sure
    assert all(row["class"] == row["set"] for row in sure)
    unsure = [row for row in rows if row["abstain"] == "1"]
    assert all(row["class"] == row["label"] == "" for row in unsure)
    assert f"Rejected {len(unsure)} of {len(rows)} image(s)" in done.stderr


def test_the_inferencer(calibrated, digits):
    inferencer = ImageClassificationInferencer(calibrated, device="cpu")
    images = [*sorted((digits / "val" / "3").iterdir())[:5], digits / "noise.png"]
    results = inferencer(images, batch_size=4, coverage=0.9)
    for image, result in zip(images, results):
        assert [inferencer.classes[label] for label in result["pred_set"]] == result["pred_set_classes"]
        assert result["pred_scores"].sum() == pytest.approx(1, abs=1e-5)
        alone = inferencer(image, coverage=0.9)[0]
        assert alone["pred_set"] == result["pred_set"]
        assert alone["ood_score"] == pytest.approx(result["ood_score"], rel=1e-3)
    assert results[-1]["abstain"] is True
    assert results[-1]["ood_score"] > max(result["ood_score"] for result in results[:-1])
    wide = inferencer(images, coverage=0.99)
    assert all(set(a["pred_set"]) <= set(b["pred_set"]) for a, b in zip(results, wide))
    with pytest.raises(ConfigError, match="more images of calibration"):
        inferencer(images[0], coverage=0.9999)


def test_publishing_keeps_it(calibrated, tmp_path):
    call("publish", calibrated, tmp_path / "x.pth")
    (published,) = tmp_path.glob("x-*.pth")
    assert ImageClassificationInferencer(published, device="cpu").calibration is not None


def test_models_that_are_not_calibrated(run_dir, digits):
    model = run_dir / "epoch_1.pth"
    for words in (["--reject"], ["--coverage", "0.9"]):
        with pytest.raises(ConfigError, match=f"{words[0]}: this model is not calibrated"):
            call("predict", digits / "noise.png", "--model", model, *words)
    inferencer = ImageClassificationInferencer(model, device="cpu")
    with pytest.raises(ConfigError, match="calibrated models only"):
        inferencer(digits / "noise.png", coverage=0.9)
    assert "abstain" not in inferencer(digits / "noise.png")[0]


def test_nothing_is_overwritten_unasked(run_dir, calibrated, tmp_path):
    with pytest.raises(ConfigError, match="exists"):
        call("calibrate", run_dir / "epoch_1.pth", "--out", calibrated)
    for words, says in (
        (["--in-place", "--out", "x.pth"], "Leave out --out"),
        (["--out", "x.safetensors"], "needs a .pth file"),
        (["--coverage", "90"], "between 0 and 1"),
        (["--data", tmp_path / "none"], "no data"),
    ):
        with pytest.raises((ConfigError, FileNotFoundError), match=says):
            call("calibrate", run_dir / "epoch_1.pth", *words)


def test_in_place_with_the_data_of_the_config(run_dir, tmp_path, capsys):
    path = tmp_path / "copy.pth"
    path.write_bytes((run_dir / "epoch_1.pth").read_bytes())
    call("calibrate", path, "--in-place", "--ood", "energy", "--sets", "raps", "--deterministic")
    assert load(path)["meta"]["calibration"]["ood"]["kind"] == "energy"
    assert "mmpretrain predict IMAGE --model" in capsys.readouterr().out


def test_classes_by_name(run_dir, calibrated, digits, tmp_path, capsys):
    """Labels follow the names of class folders, and other classes are refused."""
    some = tmp_path / "some"
    for name in ("3", "7", "8"):
        (some / name).mkdir(parents=True)
        for path in (digits / "val" / name).iterdir():
            (some / name / path.name).write_bytes(path.read_bytes())
    call("calibrate", run_dir / "epoch_1.pth", "--data", some, "--out", tmp_path / "some.pth")
    accuracy = load(tmp_path / "some.pth")["meta"]["calibration"]["facts"]["accuracy"]
    assert accuracy > 0.5
    assert "There is no image of 0, 1, 2, 4, 5, 6, 9: the coverage says nothing" in capsys.readouterr().out
    (some / "7").rename(some / "seven")
    with pytest.raises(DataError, match="not in the checkpoint: seven"):
        call("calibrate", run_dir / "epoch_1.pth", "--data", some, "--out", tmp_path / "x.pth")


def test_a_stranger_s_checkpoint(calibrated, digits, tmp_path, caplog):
    content = load(calibrated)
    content["meta"]["calibration"]["sets"]["scores"] = "rm -rf"
    save(content, tmp_path / "bad.pth")
    result = ImageClassificationInferencer(tmp_path / "bad.pth", device="cpu")(digits / "noise.png")[0]
    assert "abstain" not in result
    assert "its calibration is left out" in caplog.text


def test_weights_without_a_config(run_dir, digits, tmp_path):
    save(load(run_dir / "epoch_1.pth")["state_dict"], tmp_path / "bare.pth")
    with pytest.raises(CheckpointError, match="does not hold the config"):
        call("calibrate", tmp_path / "bare.pth", "--data", digits)
    config = Path(module.__file__).parents[2] / "configs" / "lenet" / "lenet5_digits.py"
    call("calibrate", tmp_path / "bare.pth", "--data", digits, "--config", config)
    found = ImageClassificationInferencer(tmp_path / "bare_calibrated.pth", device="cpu")
    assert found.calibration is not None
    json.dumps(found.calibration.facts)


def rotated(folder: Path, count: int) -> None:
    """Write digits that are turned by up to 40 degrees, and a table with the angles."""
    from mmpretrain.datasets.digits import load_digits

    folder.mkdir()
    images, _ = load_digits("train")
    random = np.random.default_rng(0)
    lines = ["path,angle"]
    for number in range(count):
        angle = random.uniform(-40, 40)
        turn = cv2.getRotationMatrix2D((14, 14), angle, 1)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.warpAffine(images[number], turn, (28, 28)))
        lines.append(f"{number}.png,{angle:.4f}")
    (folder / "angles.csv").write_text("\n".join(lines))


def test_numbers(tmp_path, capsys):
    """A model of an angle: intervals from the command to the table and to Python."""
    rotated(tmp_path / "data", 80)
    steps = [
        {"type": "LoadImageFromFile", "color_type": "grayscale"},
        {"type": "Resize", "scale": 32},
        {"type": "PackInputs"},
    ]
    data = {"type": "TableDataset", "ann_file": str(tmp_path / "data" / "angles.csv"), "value": "angle"}
    loader = {"batch_size": 16, "num_workers": 0, "dataset": {**data, "data_prefix": str(tmp_path / "data")}}
    loader["dataset"]["pipeline"] = steps
    cfg = {
        "model": {
            "type": "ImageClassifier",
            "backbone": {"type": "ResNet", "depth": 18, "base_channels": 4, "in_channels": 1},
            "neck": {"type": "GlobalAveragePooling"},
            "head": {"type": "RegressionHead", "in_channels": 32, "target_std": 20.0},
        },
        "data_preprocessor": {"mean": [77.8], "std": [95.9]},
        "val_dataloader": loader,
        "test_dataloader": loader,
    }
    (tmp_path / "cfg.json").write_text(json.dumps(cfg))
    weights = MODELS.build(cfg["model"]).state_dict()
    save({"state_dict": weights, "meta": {"dataset_meta": {"values": ["angle"]}}}, tmp_path / "model.pth")
    words = ["calibrate", tmp_path / "model.pth", "--config", tmp_path / "cfg.json", "--device", "cpu"]
    with pytest.raises(ConfigError, match="--sets: this is about classes"):
        call(*words, "--sets", "raps")
    (tmp_path / "other.csv").write_text("path,weight,height\n0.png,1,2\n")
    with pytest.raises(DataError, match="no column of 'angle'"):
        call(*words, "--data", tmp_path / "other.csv")
    call(*words, "--data", tmp_path / "data" / "angles.csv")
    said = capsys.readouterr().out
    assert "80 images, intervals at a coverage of 90%" in said
    assert "angle" in said
    done = tmp_path / "model_calibrated.pth"
    call("predict", tmp_path / "data", "--model", done, "--reject", "--out", "csv", "--device", "cpu")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == ["image", "angle", "angle_low", "angle_high", "ood_score", "abstain"]
    known = [row for row in rows if row["abstain"] == "0"]
    assert len(known) > 60
    assert all(float(row["angle_low"]) < float(row["angle"]) < float(row["angle_high"]) for row in known)
    assert all(row["angle"] == row["angle_low"] == "" for row in rows if row["abstain"] == "1")
    inferencer = ImageClassificationInferencer(done, device="cpu")
    wide, narrow = (inferencer(tmp_path / "data" / "0.png", coverage=share)[0] for share in (0.95, 0.5))
    assert wide["pred_interval"].shape == (1, 2)
    assert np.ptp(wide["pred_interval"]) > np.ptp(narrow["pred_interval"])
    assert wide["abstain"] in (True, False)
