"""``mim``: what it says, what it starts, and that the real one is left alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mmpretrain.compat.mim import main
from tests.cli.commands import Done


def mim(capsys, *words):
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main.entry_point([str(word) for word in words])
    out, err = capsys.readouterr()
    return Done(out, err, caught.value.code or 0)


def test_install_says_that_nothing_is_needed(capsys):
    done = mim(capsys, "install", "mmpretrain>=1.0", "mmcv-full", "mmengine", "mmdet")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert "Nothing is needed" in lines[0]
    assert lines[1].startswith("mmcv-full is not needed")
    assert lines[3] == "mmdet is another package: pip install mmdet"
    assert "pip install -e ." in mim(capsys, "install", "-e", ".").out
    assert mim(capsys, "install").code == 2


def test_list(capsys):
    done = mim(capsys, "list")
    assert done.out.splitlines()[0].split() == ["Package", "Version", "Source"]
    assert any(line.startswith("mmpretrain ") for line in done.out.splitlines())
    assert "torch " in mim(capsys, "list", "--all").out


@pytest.mark.parametrize(
    "words", [["download", "mmdet", "--config", "x"], ["search", "mmdet"], ["train", "mmdet", "x"]]
)
def test_other_packages(capsys, words):
    done = mim(capsys, *words)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "and not 'mmdet'" in done.err


def test_a_script_by_its_name(capsys):
    done = mim(capsys, "run", "mmcls", "get_flops", "lenet5_mnist", "--shape", "32")
    assert (done.code, "Flops: 0.417M" in done.out) == (0, True)
    done = mim(capsys, "run", "mmpretrain", "get_flop", "lenet5_mnist")
    assert (done.code, "mmpretrain flops" in done.err) == (2, True)


@pytest.mark.slow
def test_training_testing_and_a_grid(capsys, tmp_path, monkeypatch):
    """The commands run for real, in processes of their own."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    short = ["--gpus", "0", "--cfg-options", "train_cfg.max_epochs=1"]
    grid = ["--search-args", "--optim_wrapper.optimizer.lr 0.1 nonsense", "--work-dir", tmp_path]
    done = mim(capsys, "gridsearch", "mmpretrain", "lenet5_digits.py", *grid, *short)
    assert done.code == 1
    rows = done.out[done.out.index("best score") :].splitlines()[1:]
    assert rows[0].split()[1] == "optim_wrapper.optimizer.lr=0.1"
    assert float(rows[0].split()[0]) > 5
    assert rows[1].split() == ["failed", "optim_wrapper.optimizer.lr=nonsense"]
    checkpoint = tmp_path / "search_optim_wrapper.optimizer.lr_0.1"
    words = [
        "--checkpoint",
        checkpoint,
        "--gpus",
        "0",
        "--work-dir",
        tmp_path / "test",
        "--out",
        tmp_path / "m.json",
    ]
    assert mim(capsys, "test", "mmpretrain", "lenet5_digits", *words).code == 0
    assert "accuracy/top1" in json.loads((tmp_path / "m.json").read_text())


def test_the_real_one_is_called_where_it_is_installed(monkeypatch):
    called = []

    class Point:
        group, name = "console_scripts", "mim"

        def load(self):
            return lambda: called.append(sys.argv[1:]) or 7

    class Distribution:
        entry_points = [Point()]

    monkeypatch.setattr(
        main.metadata, "distribution", lambda name: Distribution() if name == "openmim" else None
    )
    monkeypatch.setattr(sys, "argv", ["mim", "list"])
    with pytest.raises(SystemExit) as caught:
        main.entry_point()
    assert (called, caught.value.code) == ([["list"]], 7)


def test_without_the_real_one():
    assert main.real_mim() is None


def test_values_of_options():
    assert main.spread(["download", "mmpretrain", "--config", "a", "b", "--dest", "."]) == [
        "download", "mmpretrain", "--config", "a", "--config", "b", "--dest", ".",
    ]  # fmt: skip
    assert main.spread(["train", "mmpretrain", "--config", "a", "b"])[-2:] == ["a", "b"]


def test_every_command_has_help_with_an_example(capsys):
    for command in main.app.registered_commands:
        assert f"`mim {command.name}" in (command.callback.__doc__ or "")
    assert "gridsearch" in mim(capsys, "--help").out


def test_the_console_script_is_ours():
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    assert 'mim = "mmpretrain.compat.mim.main:entry_point"' in text
