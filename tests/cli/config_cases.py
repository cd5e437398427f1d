"""What the tests of commands about configs share."""

from __future__ import annotations

from typer.testing import CliRunner

from mmpretrain.cli.main import app


def run(*args: str) -> str:
    result = CliRunner().invoke(app, list(args), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout
