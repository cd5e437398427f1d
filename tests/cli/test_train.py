"""Tests of :mod:`mmpretrain.cli.train`."""

from __future__ import annotations

import re

import pytest

from mmpretrain.cli import train
from mmpretrain.cli.demo_data import write_digits
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError
from tests.cli.command_cases import ROOT, run


def test_train_test_predict(run_dir, tmp_path):
    checkpoint = next(run_dir.glob("best_accuracy_top1_epoch_1.pth"))
    done = run("test", "lenet5_digits", checkpoint, "--work-dir", tmp_path, "--out", tmp_path / "m.json")
    assert done.returncode == 0, done.stderr
    assert "accuracy/top1" in (tmp_path / "m.json").read_text()
    done = run("test", "lenet5_digits", run_dir, "--work-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(checkpoint) in done.stdout, "the best checkpoint of a folder"
    done = run("test", "lenet5_digits", tmp_path, "--work-dir", tmp_path)
    assert "There is no checkpoint in the folder" in done.stderr

    write_digits(tmp_path / "digits")
    images = tmp_path / "digits" / "val" / "3"
    done = run("predict", images, "--model", run_dir, "--out", "csv", "--show-dir", tmp_path / "pictures")
    assert done.returncode == 0, done.stderr
    assert (
        len(done.stdout.splitlines())
        == 1 + len(list(images.iterdir()))
        == 1 + len(list((tmp_path / "pictures").iterdir()))
    )


def test_training_says_what_came_out(run_dir):
    done = run(
        "train", "lenet5_digits", "--work-dir", run_dir, "--resume", "--cfg-options", "train_cfg.max_epochs=1"
    )
    assert "Training is done" in done.stdout
    assert "best_accuracy_top1_epoch_1.pth" in done.stdout
    assert "mmpretrain predict IMAGE --model" in done.stdout


BAD = "_base_ = '{base}'\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "model = dict(backbone=dict(_delete_=True, type='LeNet6'))",
            r"my\.py:2.*LeNet6.*Did you mean 'LeNet5'",
        ),
        ("model = dict(backbone=dict(num_clases=10))", r"my\.py:2.*num_clases.*Did you mean 'num_classes'"),
        (
            "train_dataloader = dict(dataset=dict(_delete_=True, type='CustomDataset', data_root='no/such'))",
            r"no/such",
        ),
        ("model = dict(", r"my\.py:2"),
    ],
    ids=["type", "argument", "data_root", "syntax"],
)
def test_bad_config(tmp_path, lines, message):
    base = ROOT / "configs" / "lenet" / "lenet5_digits.py"
    (tmp_path / "my.py").write_text(BAD.format(base=base) + lines + "\n")
    done = run("train", "my.py", cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(message, done.stderr, re.DOTALL), done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_missing_config(tmp_path):
    done = run("train", "resnet50_8xb32_in1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'resnet50_8xb32_in1k'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_own_data_without_a_split_and_links_that_lead_nowhere(tmp_path):
    write_digits(tmp_path / "digits")
    images = (tmp_path / "digits" / "val").rename(tmp_path / "photos")
    options = ["--cfg-options", "train_cfg.max_epochs=1", "train_dataloader.num_workers=0"]
    done = run("train", "lenet5_digits", "--data", images, "--work-dir", tmp_path / "run", *options)
    assert done.returncode == 0, done.stderr
    assert "a fixed fifth of each class is held out" in done.stderr + done.stdout
    class_folder = images / "3"
    count = len(list(class_folder.iterdir()))
    (class_folder / "loop.jpg").symlink_to("loop.jpg")
    (class_folder / "gone.jpg").symlink_to("nowhere.jpg")
    (class_folder / "folder.jpg").mkdir()
    done = run("predict", class_folder, "--model", tmp_path / "run", "--out", "csv")
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1 + count
    chosen, *errors = done.stderr.splitlines()
    assert "best accuracy/top1" in chosen
    assert len(errors) == 2
    assert "loop.jpg: This symbolic link leads to itself" in done.stderr
    assert "There is no file" in done.stderr


def test_a_missing_checkpoint_is_blamed_on_the_option(tmp_path):
    (tmp_path / "my.py").write_text("_base_ = 'mmpretrain::lenet/lenet5_digits.py'")
    cfg = Config.fromfile(tmp_path / "my.py")
    cfg.work_dir = str(tmp_path)
    train.prepare(cfg, resume="no.pth")
    with pytest.raises(ConfigError, match=r"^--resume \(load_from\): There is no file or folder 'no.pth'"):
        train.run(cfg, summary=False)


def test_a_start_from_random_weights_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    cfg = Config.fromfile(ROOT / "configs/resnet/resnet50_8xb32_in1k.py")
    train.tell_of_fine_tuning(cfg, "my photos")
    told = capsys.readouterr().out
    assert "starts from random weights" in told
    assert "mmpretrain finetune resnet50_8xb32_in1k --data 'my photos'" in told
    cfg.load_from = "x.pth"
    train.tell_of_fine_tuning(cfg, "photos")
    cfg.load_from = None
    cfg.model.backbone.init_cfg = {"type": "Pretrained", "checkpoint": "x.pth"}
    train.tell_of_fine_tuning(cfg, "photos")
    train.tell_of_fine_tuning(
        Config.fromfile(ROOT / "configs/simclr/simclr_resnet50_8xb32-coslr-200e_in1k.py"), "photos"
    )
    assert capsys.readouterr().out == ""
