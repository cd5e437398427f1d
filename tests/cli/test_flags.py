"""Flags are flags in help texts."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from mmpretrain.cli.main import app


@pytest.mark.parametrize("words", [["train"], ["test"], ["config", "show"], ["config"], []])
def test_no_value_is_asked_of_a_flag(words):
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    assert "--help" in done.output
    assert "<bool>" not in done.output
    assert "BOOLEAN" not in done.output


def test_options_keep_their_values():
    done = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "120"})
    assert "--epochs" in done.output
    assert "RATE" in done.output
