"""Tests of :mod:`mmpretrain.cli.outputs`."""

from __future__ import annotations

import pytest

from mmpretrain.cli.outputs import PICTURES, new_file, new_folder
from mmpretrain.errors import ConfigError


def test_a_new_file(tmp_path):
    assert new_file(tmp_path / "a.png", "--out", suffixes=PICTURES) == tmp_path / "a.png"
    (tmp_path / "a.png").write_text("kept")
    with pytest.raises(ConfigError, match=r"exists.*Name another file, or add --force"):
        new_file(tmp_path / "a.png", "--out")
    assert new_file(tmp_path / "a.png", "--out", force=True).read_text() == "kept"  # it only checks


def test_paths_that_are_no_file(tmp_path):
    with pytest.raises(ConfigError, match="is a folder"):
        new_file(tmp_path, "--out", force=True)
    with pytest.raises(ConfigError, match=r"must end with \.png or \.jpg") as caught:
        new_file("a.txt", "--out", suffixes=(".png", ".jpg"))
    assert "--out" in str(caught.value)


def test_a_new_folder(tmp_path):
    assert new_folder(tmp_path / "new", "--out") == tmp_path / "new"
    assert new_folder(tmp_path, "--out") == tmp_path  # it is empty
    (tmp_path / "a").write_text("")
    with pytest.raises(ConfigError, match="is not empty"):
        new_folder(tmp_path, "--out")
    assert new_folder(tmp_path, "--out", force=True) == tmp_path
    with pytest.raises(ConfigError, match="is a file"):
        new_folder(tmp_path / "a", "--out", force=True)
