"""Tests of :mod:`mmpretrain.cli.check`."""

from __future__ import annotations

from typer.testing import CliRunner

from mmpretrain.cli.main import app
from tests.cli.config_cases import run


def test_check(write):
    write("bad.py", "train_cfg = dict(by_epoch=True, max_epochs='x')\nload_from = 'no.pth'\n")
    result = CliRunner().invoke(app, ["check", "bad.py"])
    assert result.exit_code == 2
    assert "bad.py:1 (train_cfg.max_epochs): train_cfg.max_epochs must be int, got str 'x'" in result.stdout
    assert "bad.py:2 (load_from): There is no file or folder 'no.pth'" in result.stdout
    write("good.py", "randomness = dict(seed=1)\n")
    assert "No problem" in run("check", "good.py")


def test_check_with_other_data(write):
    write("labels.csv", "path,label\n" + "".join(f"{i}.png,cat\n" for i in range(5)))
    for option in (["--data", "labels.csv"], ["--data", "labels.csv", "--full"]):
        result = CliRunner().invoke(app, ["check", "lenet5_digits", *option])
        assert result.exit_code == 2, result.output
        assert "4 of 4 images do not exist, first 4.png (labels.csv:6)" in result.stdout
    assert "No problem in the data." in run("check", "lenet5_digits", "--data", "")
