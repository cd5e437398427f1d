"""Tests of :mod:`mmpretrain.cli.demo_data`."""

from __future__ import annotations

from tests.cli.command_cases import run


def test_demo_data_keeps_what_is_there(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    done = run("demo-data", "digits", tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
