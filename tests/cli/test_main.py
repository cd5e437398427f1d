"""The command line from outside: help, speed of start, and what bad input gets."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmpretrain.cli import main
from mmpretrain.cli import test as cli_test
from mmpretrain.cli.demo_data import write_digits
from mmpretrain.cli.main import app
from mmpretrain.config import Config

COMMANDS = sorted(command.name for command in app.registered_commands)
ROOT = Path(__file__).parents[2]


def run(*words, cwd=None, **env):
    return subprocess.run(
        [sys.executable, "-m", "mmpretrain", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "100", **env},
    )


def test_a_full_disk_is_one_sentence(monkeypatch, capsys):
    def fill(**_):
        raise OSError(errno.ENOSPC, "No space left on device", "results.pkl")

    monkeypatch.setattr(main, "app", fill)
    with pytest.raises(SystemExit, match="2"):
        main.entry_point(["test"])
    assert capsys.readouterr().err.startswith("error: results.pkl: The disk is full")


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """The folder of a short training."""
    folder = tmp_path_factory.mktemp("run")
    done = run(
        "train", "lenet5_digits", "--work-dir", folder, "--cfg-options", "train_cfg.max_epochs=1", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_help_lists_every_command_without_torch():
    code = (
        "import sys; from mmpretrain.cli.main import entry_point\n"
        "try: entry_point(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'numpy', 'cv2'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    callback = next(item.callback for item in app.registered_commands if item.name == command)
    assert f"`mmpretrain {command}" in (callback.__doc__ or "")


def test_version():
    assert re.fullmatch(r"mmpretrain 2\.\d+\.\d+\S*\n", run("--version").stdout)


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


def test_no_image(run_dir, tmp_path):
    page = tmp_path / "page.jpg"
    page.write_text("<html></html>")
    done = run("predict", page, "--model", run_dir)
    assert done.returncode == 2
    assert "page.jpg" in done.stderr
    assert "Traceback" not in done.stderr
    done = run("predict", tmp_path / "none.jpg", "--model", run_dir)
    assert done.returncode == 2
    assert "there is no image" in done.stderr


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


def test_no_weights_no_prediction(run_dir, tmp_path):
    image = write_digits(tmp_path) and tmp_path / "val" / "7" / "0004.png"
    done = run("predict", image, "--model", "lenet5_digits")
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no weights" in done.stderr
    assert "--checkpoint CKPT" in done.stderr


def test_debug_shows_the_traceback():
    assert "Traceback" in run("train", "nothing.py", "--debug").stderr


def test_demo_data_keeps_what_is_there(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    done = run("demo-data", "digits", tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_doctor():
    done = run("doctor")
    assert done.returncode == 0, done.stdout
    assert "torch" in done.stdout
    assert "weights cache" in done.stdout
    assert run("doctor", "--json").stdout.startswith('{"system"')


def test_list():
    assert "resnet18_8xb32_in1k" in run("list", "resnet18").stdout
    assert run("list", "resnet18", "--names").stdout.splitlines()[0] == "resnet18_8xb16_cifar10"
