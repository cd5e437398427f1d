"""Tests of :mod:`mmpretrain.config.explain`."""

from __future__ import annotations

from mmpretrain.config import Config


def test_diff():
    text = Config.diff(Config(dict(a=1, b=2)), Config(dict(a=1, b=3)))
    assert "-b = 2" in text
    assert "+b = 3" in text
    assert "-a" not in text
