"""Tests of :mod:`mmpretrain.arguments`."""

from __future__ import annotations

from mmpretrain.arguments import describe, fits
from mmpretrain.config import Config


def test_annotations():
    from typing import Literal

    assert fits(1, float)
    assert fits((1, 2), list[int])
    assert fits(None, int | None)
    assert not fits("1", int | None)
    assert not fits("c", Literal["a", "b"])
    assert fits({"type": "x"}, Config)
    assert not fits(3, str)
    assert describe(Literal["a", "b"] | None) == "one of 'a', 'b' or None"
