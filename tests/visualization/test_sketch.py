"""Curves in the characters of a terminal."""

from __future__ import annotations

import math

from mmpretrain.visualization.sketch import sketch


def test_a_line_goes_from_corner_to_corner():
    lines = sketch(range(100), range(100), width=30, height=4)
    assert len(lines) == 6
    assert [line.partition("│")[0].strip() for line in lines[:4]] == ["99", "", "49.5", "0"]
    assert all(line.rstrip()[-1] != "│" for line in lines[:4])
    assert lines[3].partition("│")[2][0] != "\u2800"
    assert lines[0].rstrip("\u2800")[-1] not in "│\u2800"
    assert lines[-1].split() == ["0", "99"]
    assert max(map(len, lines)) <= 30


def test_steep_places_are_joined():
    lines = sketch([0, 1, 2, 3], [0, 0, 10, 10], width=20, height=6)
    assert all(any(char != "\u2800" for char in line.partition("│")[2]) for line in lines[:6])


def test_odd_values():
    assert sketch([], []) == ["(no values)"]
    assert sketch([0, 1], [math.nan, math.inf]) == ["(no values)"]
    assert len(sketch([0, 1, 2], [1.0, math.nan, 1.0], height=5)) == 7
    assert len(sketch([5], [3], height=5)) == 7
