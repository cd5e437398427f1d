"""Tests of :mod:`mmpretrain.utils.nearest`."""

from __future__ import annotations

from mmpretrain.utils.nearest import nearest


def test_the_part_that_exists(tmp_path):
    assert nearest(f"{tmp_path}/x.txt") == f"Its folder {tmp_path} exists."
    assert nearest(f"{tmp_path}/a/b/x.txt") == f"The last part of it that exists is {tmp_path}."
