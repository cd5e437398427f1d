"""Tests of :mod:`mmpretrain.cli.options`."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from mmpretrain.cli.options import CfgOptions, Gpus, Launcher, checkpoint_in, command_line, load_config


def words(*given):
    """What a command with these words would be started again with."""
    app, seen = typer.Typer(), []

    @app.command()
    def train(
        context: typer.Context,
        config: str,
        amp: bool = False,
        page: Annotated[bool, typer.Option("--report/--no-report")] = True,
        epochs: int = 3,
        cfg_options: CfgOptions = None,
        gpus: Gpus = None,
        launcher: Launcher = "none",
    ) -> None:
        seen.extend(command_line(context))

    result = CliRunner().invoke(app, [str(word) for word in given])
    assert result.exit_code == 0, result.output
    return seen[1:]


@pytest.mark.parametrize(
    ("given", "again"),
    [
        (["a.py", "--gpus", 2], ["a.py"]),
        (["a.py", "--no-report", "--gpus", 2], ["a.py", "--no-report"]),
        (["a.py", "--report", "--gpus", 2], ["a.py"]),
        (["a.py", "--amp", "--epochs", 5, "--gpus", 2], ["a.py", "--amp", "--epochs", "5"]),
        (["a.py", "--epochs", 3, "--launcher", "none"], ["a.py"]),  # the default anyway
        (
            ["--cfg-options", "a=1", "--cfg-options", "b=2", "a.py"],
            ["a.py", "--cfg-options", "a=1", "--cfg-options", "b=2"],
        ),
    ],
)
def test_a_command_is_started_again_without_its_launch_options(given, again):
    assert words(*given) == again


def test_where_a_run_goes(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("a = 1\nwork_dir = None\n")
    assert load_config(str(path), None).work_dir == "./work_dirs/mine"
    assert load_config(str(path), ["work_dir=x", "a=2"]).work_dir == "x"
    cfg = load_config(str(path), ["work_dir=x", "a=2"], work_dir="y")
    assert (cfg.work_dir, cfg.a) == ("y", 2)


def test_a_file_is_its_own_checkpoint(tmp_path):
    assert checkpoint_in("https://example.org/a.pth") == "https://example.org/a.pth"
    assert checkpoint_in(str(tmp_path / "a.pth")) == str(tmp_path / "a.pth")
