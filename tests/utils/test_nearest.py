"""Tests of :mod:`mmpretrain.utils.nearest`."""

from __future__ import annotations

import pytest

from mmpretrain.utils.nearest import MOST, nearest


def test_the_part_that_exists(tmp_path):
    assert nearest(f"{tmp_path}/x.txt") == f"Its folder {tmp_path} exists."
    assert nearest(f"{tmp_path}/a/b/x.txt") == f"The last part of it that exists is {tmp_path}."
    (tmp_path / "list.txt").touch()
    assert nearest(f"{tmp_path}/list.txt/x") == f"{tmp_path}/list.txt is no folder."


@pytest.mark.parametrize("path", ["digitz", "digitz/train/0", "Digits"])
def test_a_name_that_is_like_it(tmp_path, path):
    (tmp_path / "digits").mkdir()
    assert nearest(f"{tmp_path}/{path}").endswith("Did you mean 'digits'?")


def test_other_numbers_are_no_help(tmp_path):
    """Of images 1.jpg to 9.jpg none is meant by 12.jpg."""
    for number in range(9):
        (tmp_path / f"image_{number}.jpg").touch()
    assert "mean" not in nearest(f"{tmp_path}/image_12.jpg")


def test_large_folders_are_not_read_through(tmp_path):
    (tmp_path / "digits").mkdir()
    for number in range(MOST):
        (tmp_path / str(number)).touch()
    assert "mean" not in nearest(f"{tmp_path}/digitz")
