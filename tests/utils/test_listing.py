"""Tests of :mod:`mmpretrain.utils.listing`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import MissingFileError
from mmpretrain.utils.listing import list_dir


def test_listing(folder):
    def listed(**kwargs):
        return sorted(list_dir(folder, **kwargs))

    assert listed() == ["a b.txt", "sub"]
    assert listed(folders=False, recursive=True) == ["a b.txt", "sub/deep/c.bin", "sub/ü.txt"]
    assert listed(suffix=".txt", recursive=True) == ["a b.txt", "sub/ü.txt"]
    with pytest.raises(MissingFileError, match="no folder"):
        list(list_dir(folder / "nothing"))


def test_links_that_lead_in_a_circle(folder):
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "one").symlink_to(folder / "two")
    (folder / "two").symlink_to(folder / "one")
    (folder / "other").symlink_to(folder / "sub" / "deep")
    names = sorted(list_dir(folder, folders=False, recursive=True))
    assert names == ["a b.txt", "other/c.bin", "sub/deep/c.bin", "sub/ü.txt"]
