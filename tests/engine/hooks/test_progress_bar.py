"""Tests of :mod:`mmpretrain.engine.hooks.progress_bar`."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from mmpretrain.engine.hooks import ProgressBarHook
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
        "Epoch(val) [3][4/4]    acc:",
        "-bound",
    ):
        assert text in shown, text
    assert "Epoch(train)" not in shown + capsys.readouterr().out
    assert "Epoch(train) [3][8/8]" in Path(runner.state.log_path).read_text()
