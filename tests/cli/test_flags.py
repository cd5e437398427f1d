"""Flags are flags in help texts."""

from __future__ import annotations

from typing import get_type_hints

import pytest
from typer.models import OptionInfo
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


def test_names_of_options_do_not_come_from_their_metavar():
    """Typer 0.27 names an option ``--DATA`` if nothing but ``metavar="DATA"`` is said of ``data``."""
    wrong = []
    for command in app.registered_commands:
        for name, hint in get_type_hints(command.callback, include_extras=True).items():
            for info in getattr(hint, "__metadata__", ()):
                metavar = getattr(info, "metavar", None) or ""
                # In an annotation, the first name is where the default would be.
                if isinstance(info, OptionInfo) and metavar.lower() == name and info.default is ...:
                    wrong.append(f"{command.name}: {name}")
    assert not wrong
