"""Tests of :mod:`mmpretrain.cli.doctor`."""

from __future__ import annotations

from tests.cli.command_cases import run


def test_doctor():
    done = run("doctor")
    assert done.returncode == 0, done.stdout
    assert "torch" in done.stdout
    assert "weights cache" in done.stdout
    assert run("doctor", "--json").stdout.startswith('{"system"')
