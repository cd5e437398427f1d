"""``mmpretrain finetune``, from a folder to a checkpoint and a report."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.config import Config
from mmpretrain.finetuning import folded
from mmpretrain.finetuning import plan as plan_module
from tests.cli.commands import call
from tests.finetuning.measured_cases import KINDS, write_kind
from tests.finetuning.small import write_config, write_folder

FAST = ("--epochs", 1, "--batch", 8, "--image-size", 32, "--workers", 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    return tmp_path


def odd_folder(root: Path) -> Path:
    """Six unequal classes, and what users have between their images."""
    folder = write_folder(root, {"a b": 20, "猫": 8, "c": 4, "d": 3, "e": 2, "f": 1})
    Image.new("RGBA", (20, 20), (9, 200, 9, 100)).save(folder / "c" / "clear.png")
    Image.open(folder / "c" / "图 0.png").convert("P").save(folder / "c" / "moving.gif")
    (folder / "d" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no image")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "a b" / ".DS_Store").write_bytes(b"\0")
    (folder / "empty").mkdir()
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_in_a_report_out(capsys, caplog, here: Path) -> None:
    odd_folder(here / "my data")
    done = call(capsys, "finetune", "tiny.py", "--data", "my data", *FAST)
    assert done.code == 0, done.err
    out = here / "work_dirs" / "finetune_my_data"
    train, val = (rows(out / "plan" / f"{name}.csv") for name in ("train", "val"))
    assert len(train) + len(val) == 40
    assert {row["label"] for row in train} == {"a b", "猫", "c", "d", "e", "f"}
    assert "f" not in {row["label"] for row in val}
    assert not {row["path"] for row in train} & {row["path"] for row in val}
    copies = {"c/图 0.png", "c/moving.gif"}
    assert copies <= {row["path"] for row in train} or copies <= {row["path"] for row in val}
    assert "broken.jpg" in (out / "plan" / "left_out.txt").read_text()
    assert caplog.text.count("broken.jpg") == 1
    cfg = Config.fromfile(out / "plan" / "finetune.py")
    assert cfg.model.head.num_classes == 6
    assert cfg.channels_last
    assert cfg.model.head.loss.class_weight[4] > 2 * cfg.model.head.loss.class_weight[0]
    assert "train_cfg" not in cfg.model
    assert cfg.default_hooks.checkpoint.save_best == "single-label/f1-score"
    assert list(out.glob("best_*.pth"))
    assert list(out.glob("*/report.html"))
    assert len(rows(next(out.glob("*/predictions.csv")))) == len(val)
    for command in ("predict", "test", "train"):
        assert f"  mmpretrain {command} " in done.out
    assert "starts from scratch" in done.out
    assert "mmpretrain download mobilenet-v2_8xb32_in1k  # this started from scratch" in done.out
    assert "1 cannot be read" in done.out
    assert "held an earlier run" not in done.out + done.err

    done = call(capsys, "predict", here / "my data" / "猫", "--model", out, "--out", "json")
    assert done.code == 0, done.err
    found = re.findall(r'"class": "(.*)"', done.out)
    assert len(found) == 8
    assert set(found) <= {"a b", "猫", "c", "d", "e", "f"}

    again = call(capsys, "finetune", "tiny.py", "--data", "my data", *FAST)
    assert "finetune_my_data_2/plan/finetune.py" in again.out
    refused = call(capsys, "finetune", "tiny.py", "--data", "my data", "--out", out, *FAST)
    assert refused.code == 2
    assert "is not empty" in refused.err


def test_the_report_does_not_read_the_images_again(capsys, here: Path, monkeypatch) -> None:
    from mmpretrain.datasets import fingerprints

    read: list[str] = []
    real = fingerprints.read_bytes
    monkeypatch.setattr(fingerprints, "read_bytes", lambda path, **_: read.append(path) or real(path))
    write_folder(here / "data", {"a": 8, "b": 8})
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", *FAST)
    assert done.code == 0, done.err
    assert len(read) == 16
    assert call(capsys, "test", "one", "--data", "data").code == 0
    assert len(read) == 16


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    path = next(folder.glob("epoch_*.pth"))
    return torch.load(path, weights_only=True)["state_dict"]


def test_train_does_the_same_and_a_checkpoint_is_a_start(capsys, here: Path) -> None:
    write_folder(here / "data", {"dark": 12, "bright": 12})
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", *FAST)
    assert done.code == 0, done.err
    assert call(capsys, "train", "one/plan/finetune.py", "--work-dir", "two").code == 0
    first, second = weights_in(here / "one"), weights_in(here / "two")
    assert all(torch.equal(first[key], second[key]) for key in first)

    write_folder(here / "more", {"x": 10, "y": 10, "z": 10})
    done = call(capsys, "finetune", "one", "--data", "more", "--out", "three", *FAST)
    assert done.code == 0, done.err
    assert "scratch" not in done.out
    cfg = Config.fromfile("three/plan/finetune.py")
    assert Path(cfg.load_from).name.startswith("best_")
    assert cfg.model.head.num_classes == 3
    assert "head.fc re-initialised 2 -> 3" in done.out + done.err


def test_resume(capsys, here: Path) -> None:
    write_folder(here / "data", {"dark": 12, "bright": 12})
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", *FAST)
    assert done.code == 0, done.err
    text = Path("one/plan/finetune.py").read_text().replace("max_epochs=1", "max_epochs=2")
    Path("one/plan/finetune.py").write_text(text)
    done = call(capsys, "finetune", "--resume", "--out", "one")
    assert done.code == 0, done.err
    assert Path("one/plan/finetune.py").read_text() == text
    assert "trained  2 epochs" in done.out
    assert "Auto-resuming" in done.out + done.err
    for words, message in ((("--out", "none"), "no fine-tuning to continue"), ((), "which fine-tuning")):
        done = call(capsys, "finetune", "--resume", *words)
        assert done.code == 2
        assert message in done.err


def test_several_labels(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 16})
    lines = [f"a/图 {i}.png,{'dark;big' if i % 3 else 'big' if i % 2 else ''}" for i in range(16)]
    (here / "data" / "labels.csv").write_text("\n".join(["image,labels", *lines]), encoding="utf-8")
    done = call(capsys, "finetune", "tiny.py", "--data", "data/labels.csv", "--out", "one", *FAST)
    assert done.code == 0, done.err
    assert "any number for each image" in done.out
    assert "multi-label/mAP" in done.out
    cfg = Config.fromfile("one/plan/finetune.py")
    assert cfg.model.head.type == "MultiLabelLinearClsHead"
    content = json.loads((here / "one" / "plan" / "train.json").read_text())
    assert content["metainfo"]["classes"] == ["big", "dark"]
    done = call(capsys, "predict", "data/a", "--model", "one", "--top-k", 2, "--out", "json")
    assert done.code == 0, done.err


def test_numbers(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 20})
    lines = [f"a/图 {i}.png,{10 + 0.5 * i}" for i in range(20)]
    (here / "data" / "x.csv").write_text("\n".join(["path,label", *lines]), encoding="utf-8")
    done = call(capsys, "finetune", "tiny.py", "--data", "data/x.csv", "--out", "one", *FAST)
    assert done.code == 0, done.err
    assert "values    from 10" in done.out
    assert "regression/mae" in done.out
    cfg = Config.fromfile("one/plan/finetune.py")
    assert cfg.model.head.type == "RegressionHead"
    assert cfg.default_hooks.checkpoint.rule == "less"
    values = sorted(
        float(row["value"]) for name in ("train", "val") for row in rows(here / f"one/plan/{name}.csv")
    )
    assert values == [10 + 0.5 * i for i in range(20)]
    done = call(capsys, "predict", "data/a", "--model", "one", "--out", "csv")
    assert done.code == 0, done.err


def test_classes_with_an_order(capsys, here: Path) -> None:
    write_folder(here / "data", {"10 worn": 8, "2 good": 8, "100 broken": 8})
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", "--task", "ordinal", *FAST)
    assert done.code == 0, done.err
    assert "3 (in this order): 2 good 8, 10 worn 8, 100 broken 8" in done.out
    assert "ordinal/kappa" in done.out
    cfg = Config.fromfile("one/plan/finetune.py")
    assert cfg.model.head.type == "OrdinalClsHead"
    assert cfg.train_dataloader.dataset.metainfo.classes == ["2 good", "10 worn", "100 broken"]


def test_parts_that_are_set_apart_and_a_copy_in_two(capsys, here: Path) -> None:
    for part in ("train", "val", "test"):
        write_folder(here / "data" / part, {"a": 6, "b": 6} if part == "train" else {"a": 2})
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", *FAST)
    assert done.code == 0, done.err
    assert "12 train, 2 val, 2 test" in done.out
    assert "2 of 2 images of val are copies or near-duplicates of images of train" in done.out
    assert "(test images)" in done.out


def test_groups_of_a_table_stay_together(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 10, "b": 10})
    lines = [f"{name}/图 {i}.png,{name},{name}{i // 2}" for name in "ab" for i in range(10)]
    (here / "data" / "x.csv").write_text("\n".join(["path,label,patient", *lines]), encoding="utf-8")
    done = call(capsys, "finetune", "tiny.py", "--data", "data/x.csv", "--out", "one", *FAST)
    assert done.code == 0, done.err
    numbers = [
        {
            (row["label"], int(Path(row["path"]).stem.split()[1]) // 2)
            for row in rows(here / "one/plan" / name)
        }
        for name in ("train.csv", "val.csv")
    ]
    assert not numbers[0] & numbers[1]
    assert numbers[1]


def test_images_in_an_archive(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 8, "b": 8})
    with zipfile.ZipFile(here / "x.zip", "w") as archive:
        for path in sorted((here / "data").rglob("*.png")):
            archive.write(path, path.relative_to(here))
    done = call(capsys, "finetune", "tiny.py", "--data", "x.zip", "--out", "one", *FAST)
    assert done.code == 0, done.err
    numbers = [set(Path(f"one/plan/{name}.txt").read_text().split()) for name in ("train", "val")]
    assert numbers[0] | numbers[1] == set(map(str, range(16)))
    assert not numbers[0] & numbers[1]


def test_folds_and_the_mean_of_their_models(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 9, "b": 9})
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", "--folds", 3, *FAST)
    assert done.code == 0, done.err
    assert "3 folds of 6 to 6 images" in done.out
    assert re.search(r"accuracy/top1 +│( +[\d.]+ │){5}", done.out)
    table = rows(here / "one" / "out_of_fold" / "predictions.csv")
    assert len({row["path"] for row in table}) == len(table) == 18
    results = json.loads((here / "one" / "folds.json").read_text())
    assert sorted(results["folds"]) == ["0", "1", "2"]
    right = sum(int(row["right"]) for row in table) / 18
    mean = sum(fold["metrics"]["accuracy/top1"] for fold in results["folds"].values()) / 3
    assert mean == pytest.approx(100 * right)
    assert call(capsys, "report", "one/out_of_fold").code == 0

    del results["folds"]["2"]  # as if it had been killed
    (here / "one" / "folds.json").write_text(json.dumps(results))
    done = call(capsys, "finetune", "--resume", "--out", "one")
    assert done.code == 0, done.err
    assert done.out.count("is done already") == 2

    scores = []
    for models in (["one"], [f"one/fold{i}" for i in range(3)], ["one/fold0"]):
        words = [word for name in models for word in ("--model", name)]
        done = call(capsys, "predict", "data/a", *words, "--top-k", 2, "--out", "csv")
        assert done.code == 0, done.err
        found = [line for line in done.out.splitlines() if line.startswith("data/a")]
        scores.append([float(line.rpartition(",")[2]) for line in found])
    assert scores[0] == scores[1] != scores[2]
    done = call(capsys, "predict", "data/a", "--model", "one", "--checkpoint", "x.pth")
    assert done.code == 2
    assert "one model only" in done.err


def test_two_processes(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 12, "b": 12})
    words = ("--gpus", 2, "--device", "cpu", "--out", "one")
    done = call(capsys, "finetune", "tiny.py", "--data", "data", *words, *FAST)
    assert done.code == 0, done.err
    assert Config.fromfile("one/plan/finetune.py").train_dataloader.batch_size == 4
    assert len(list(Path("one").glob("best_*.pth"))) == 1
    assert len(rows(next((here / "one").glob("*/predictions.csv")))) == 6
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--launcher", "pytorch")
    assert "one process looks at the images" in done.err


def test_folds_of_values(capsys, here: Path) -> None:
    write_folder(here / "data", {"1.5": 6, "2.5": 6})
    words = ("--task", "regression", "--folds", 2, "--out", "one")
    done = call(capsys, "finetune", "tiny.py", "--data", "data", *words, *FAST)
    assert done.code == 0, done.err
    assert "Cross-validation is done" in done.out
    assert len(rows(here / "one" / "out_of_fold" / "predictions.csv")) == 12


def test_folds_that_cannot_be_written_leave_nothing(
    capsys, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(here / "data", {"a": 6, "b": 6})

    def write_plan(plan, parts, folder: Path, **kwargs):
        if folder.name == "fold1":
            raise OSError(28, "No space left on device")
        return plan_module.write_plan(plan, parts, folder, **kwargs)

    monkeypatch.setattr(folded, "write_plan", write_plan)
    words = ("finetune", "tiny.py", "--data", "data", "--folds", 2, "--out", "one", *FAST)
    assert call(capsys, *words).code != 0
    assert not Path("one").exists()
    Path("two/fold0").mkdir(parents=True)
    Path("two/plan").mkdir()
    Path("two/plan/finetune.py").touch()
    done = call(capsys, "finetune", "--resume", "--out", "two")
    assert "are not complete" in done.err


def test_no_checkpoint_could_be_written(capsys, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(here / "data", {"a": 6, "b": 6})

    def save(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CheckpointStore, "save", save)
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", *FAST)
    assert done.code == 2
    assert "no checkpoint could be written" in done.err
    assert "--resume --out one" in done.err


def test_time_is_a_budget(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 10, "b": 10})
    words = ("finetune", "tiny.py", "--data", "data", *FAST[2:], "--epochs", 3, "--time")
    done = call(capsys, *words, "0.0001s", "--out", "one")
    assert done.code == 0, done.err
    assert Config.fromfile("one/plan/finetune.py").train_cfg.max_epochs == 1
    assert "not even one epoch fits" in done.out
    done = call(capsys, *words, "1h", "--out", "two")
    assert Config.fromfile("two/plan/finetune.py").train_cfg.max_epochs == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no images are given"),
        (("--data", "nowhere"), "no data at 'nowhere'"),
        (("--data", "data", "--val", "1.5"), "no share of the images"),
        (("--data", "data", "--val", "nowhere"), "no data at 'nowhere'"),
        (("--data", "data", "--epochs", "many"), "'many' is not auto"),
        (("--data", "data", "--batch", "1"), "whole number from 2 to below 1e6"),
        (("--data", "data", "--time", "soon"), "'soon' is no span of time"),
        (("--data", "data", "--freeze", "some"), "'some' is not auto"),
        (("--data", "data/a"), "no folders of classes"),
    ],
)
def test_mistakes_are_said_in_a_sentence(capsys, here: Path, words, message: str) -> None:
    write_folder(here / "data", {"a": 2, "b": 2})
    done = call(capsys, "finetune", "tiny.py", *words, "--workers", 0)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert not Path("work_dirs").exists()


def test_a_model_of_grey_images(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 12, "b": 12})
    done = call(capsys, "finetune", "lenet5_digits-folder", "--data", "data", "--out", "out", *FAST)
    assert done.code == 0, done.err
    cfg = Config.fromfile("out/plan/finetune.py")
    assert cfg.train_dataloader.dataset.pipeline[0] == dict(type="LoadImageFromFile", color_type="grayscale")


@pytest.mark.parametrize("kind", ["13 bands of 16 bits", "12 of 16 bits", "arrays of floats"])
def test_other_numbers_than_8_bits(capsys, here: Path, kind: str) -> None:
    channels, dtype, _, _ = KINDS[kind]
    folder = write_kind(here / "data", kind)
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "one", *FAST, "--epochs", 3)
    assert done.code == 0, done.err
    assert f"the images hold {channels} channel{'s' * (channels > 1)} of {dtype}, " in done.out
    report = next(Path("one").glob("*/report.html")).read_text()
    assert report.count("data:image/jpeg;base64,") >= 4
    cfg = Config.fromfile("one/plan/finetune.py")
    assert cfg.model.backbone.in_channels == channels
    for words in (("test", "one", "--data", "data"), ("predict", folder / "a", "--model", "one")):
        again = call(capsys, *words)
        assert again.code == 0, again.err
    more = call(capsys, "finetune", "one", "--data", "data", "--out", "two", *FAST)
    assert more.code == 0, more.err
    audited = call(capsys, "audit", "data", "--out", "audit")
    assert audited.code == 0, audited.err
    assert "unreadable" not in audited.out


def test_colour_weights_are_adapted(capsys, here: Path) -> None:
    write_folder(here / "photos", {"a": 8, "b": 8})
    assert call(capsys, "finetune", "tiny.py", "--data", "photos", "--out", "one", *FAST).code == 0
    write_kind(here / "data", "13 bands of 16 bits")
    done = call(capsys, "finetune", "one", "--data", "data", "--out", "two", *FAST)
    assert done.code == 0, done.err
    assert "3 -> 13 channels (repeated, times 3/13)" in done.out + done.err


def test_a_start_that_fails_leaves_nothing(capsys, here: Path) -> None:
    for name in ("a", "b"):
        (here / "data" / name).mkdir(parents=True)
        (here / "data" / name / "0.jpg").write_bytes(b"no image")
    for _ in range(2):
        done = call(capsys, "finetune", "tiny.py", "--data", "data", "--out", "out", *FAST)
        assert done.code == 2
        assert "is not empty" not in done.err
        assert not Path("out").exists()


def test_a_wrong_model_gets_a_suggestion(capsys, here: Path) -> None:
    write_folder(here / "data", {"a": 2, "b": 2})
    done = call(capsys, "finetune", "resnet50_8xb32_in2k", "--data", "data")
    assert done.code == 2
    assert "resnet50_8xb32_in1k" in done.err
    done = call(capsys, "finetune", "data")
    assert done.code == 2
    assert "--data data?" in done.err
    done = call(capsys, "finetune", "tiny.py", "--data", "data", "--freeze", "9", *FAST)
    assert done.code == 2
    assert "frozen_stages=9" in done.err
