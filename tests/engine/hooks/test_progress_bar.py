"""Tests of :mod:`mmpretrain.engine.hooks.progress_bar`."""

from __future__ import annotations

import io
import logging
import re
from functools import partial
from pathlib import Path

from rich.console import Console

from mmpretrain.engine.hooks import ProgressBarHook
from mmpretrain.utils.logging import IN_PROGRESS_BAR, ConsoleHandler
from mmpretrain.utils.progress import make_progress


def test_a_bar_on_a_terminal(make_runner, capsys):
    """Bars instead of the lines of iterations; everything else is printed above them."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=140)
    runner = make_runner(custom_hooks=[ProgressBarHook(make_progress(console))])
    runner.train()
    shown = screen.getvalue()
    for text in (
        "Epoch 1/3",
        "Epoch 3/3",
        "8/8",
        "Validating",
        "loss 0.",
        "-bound",
    ):
        assert text in shown, text
    log = Path(runner.state.log_path).read_text()
    for text in ("Epoch(train)", "Epoch(val)", "Saving checkpoint"):
        assert text not in shown + capsys.readouterr().out
        assert text in log
    assert "Epoch(train) [3][8/8]" in log
    assert "Epoch(val) [3][4/4]    acc:" in log


def lines_of_epochs(runner, **options) -> list[str]:
    """What a terminal keeps of a training run, without the bars."""
    screen = io.StringIO()
    progress = make_progress(Console(file=screen, force_terminal=True, width=140))
    runner = runner(custom_hooks=[ProgressBarHook(progress)], **options)
    runner.train()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "\n", screen.getvalue())
    return [line.strip() for line in plain.splitlines() if re.match(r"(Epoch|Iter) \d+/\d+  loss", line)]


def test_one_line_an_epoch(make_runner):
    lines = lines_of_epochs(make_runner)
    assert len(lines) == 3
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(
            rf"Epoch {number}/3  loss [\d.]+  acc [\d.]+( \(best\))?", line.replace("  (", " (")
        )


def test_epochs_without_validation_have_a_line_too(make_runner):
    lines = lines_of_epochs(make_runner, val_dataloader=None, val_cfg=None, val_evaluator=None)
    assert [re.sub(r"[\d.]+$", "", line) for line in lines] == [f"Epoch {n}/3  loss " for n in (1, 2, 3)]


def test_one_line_an_epoch_without_a_terminal(make_runner, capsys, monkeypatch):
    """As in ``mmpretrain train ... | tee log``; the bars are left out, and nothing else is printed."""
    monkeypatch.setenv("MMPRETRAIN_CONSOLE", "epochs")
    runner = make_runner()
    runner.train()
    shown = capsys.readouterr().out
    assert [line[:9] for line in shown.splitlines() if "loss" in line] == [f"Epoch {n}/3" for n in (1, 2, 3)]
    for text in ("Config:", "Hooks", "━", "Epoch(train)", "Epoch(val)", "Saving checkpoint"):
        assert text not in shown
    assert "Epoch(train) [3][8/8]" in Path(runner.state.log_path).read_text()


def test_the_lines_of_1x_can_be_had(make_runner, capsys, monkeypatch):
    monkeypatch.setenv("MMPRETRAIN_CONSOLE", "lines")
    make_runner().train()
    assert "Epoch(train) [3][8/8]" in capsys.readouterr().out


def test_an_epoch_of_hours_is_heard_from(monkeypatch, capsys):
    monkeypatch.setenv("MMPRETRAIN_CONSOLE", "epochs")
    console = ConsoleHandler()
    for seconds, text in ((0, "a"), (30, "b"), (61, "c"), (70, "d"), (130, "e")):
        monkeypatch.setattr(console, "clock", partial(float, seconds))
        console.emit(logging.makeLogRecord({"msg": text, **IN_PROGRESS_BAR}))
    assert capsys.readouterr().out.split() == ["c", "e"]
