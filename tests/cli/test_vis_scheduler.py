"""``mmpretrain vis-scheduler``, and the scripts that it was."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from tests.cli.commands import call

ROOT = Path(__file__).parents[2]


def test_sketch_and_picture(capsys, tmp_path):
    done = call(
        capsys, "vis_scheduler", "lenet5_digits", "-p", "lr", "-d", "640", "--save-path", tmp_path / "lr.png",
        "--window-size", "6*4", "--style", "darkgrid", "--title", "my title",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (tmp_path / "lr.png").read_bytes().startswith(b"\x89PNG")
    assert "my title" in done.out
    assert "│" in done.out
    assert f"The Learning Rate graph is saved at {tmp_path / 'lr.png'}" in done.out
    again = call(capsys, "vis-scheduler", "lenet5_digits", "-d", "64", "-s", tmp_path / "lr.png")
    assert (again.code, "add --force" in again.err) == (2, True)


def test_iterations(capsys):
    options = ["train_cfg.by_epoch=False", "train_cfg.max_iters=30", "param_scheduler=None"]
    done = call(capsys, "vis-scheduler", "lenet5_digits", "-p", "wd", "--not-show", "--cfg-options", *options)
    assert done.code == 0, done.err
    assert "Iterations: 30" in done.out


@pytest.mark.parametrize("path", ["tools/visualization/vis_scheduler.py", "tools/visualizations/vis_lr.py"])
def test_the_former_scripts(capsys, monkeypatch, path):
    words = ["configs/lenet/lenet5_mnist.py", "--dataset-size", "600", "--ngpus", "2"]
    monkeypatch.setattr(sys, "argv", [path, *words])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / path), run_name="__main__")
    assert "Iterations per epoch" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--style", "x"], ["--window-size", "x"], ["-s", "a.txt"], ["-n", "0"]])
def test_bad_options(capsys, words, tmp_path):
    done = call(capsys, "vis-scheduler", "lenet5_digits", "-d", "64", "-s", tmp_path / "a.png", *words)
    assert done.code == 2
