"""Measuring in turns."""

from __future__ import annotations

import sys

import pytest


def test_a_ratio_is_the_median_of_the_rounds_with_its_interval():
    from turns import Ratio

    ratio = Ratio.of([2.0, 4.0, 3.0], [1.0, 1.0, 1.0])
    assert (ratio.value, ratio.low, ratio.high, ratio.rounds) == (3.0, 2.0, 4.0, 3)
    many = Ratio.of([float(n) for n in range(1, 102)], [1.0] * 101)
    assert many.value == 51
    assert 40 <= many.low <= 42
    assert 60 <= many.high <= 62
    assert str(ratio) == "3.00 (2.00 to 4.00)"


def test_a_contender_answers_and_says_why_it_ends(tmp_path):
    from turns import Contender

    with Contender(sys.executable, "mmpretrain-2", "config", tmp_path) as ours:
        first, second = ours.figures(), ours.figures()
    assert list(first) == list(second) == ["a config"]
    assert 0 < second["a config"] < 10
    with (
        Contender(sys.executable, "mmpretrain-2", "growth_classes", tmp_path) as wrong,
        pytest.raises(RuntimeError, match=r"mmpretrain-2 .* ended: TypeError: setup\(\) missing .* 'count'"),
    ):
        wrong.figures()


def test_an_interpreter_is_found_from_any_folder(monkeypatch, tmp_path):
    from turns import interpreter

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    assert interpreter("bin/python") == str(tmp_path / "bin" / "python")
    with pytest.raises(SystemExit, match="There is no Python at 'bin/pyton'"):
        interpreter("bin/pyton")
