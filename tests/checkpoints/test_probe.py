"""Tests of :mod:`mmpretrain.checkpoints.probe`."""

from __future__ import annotations

import pytest

from mmpretrain.checkpoints import serialization
from mmpretrain.errors import CheckpointError, MissingFileError


def test_messages_for_files_that_are_none(tmp_path):
    with pytest.raises(MissingFileError, match="no checkpoint"):
        serialization.load(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        serialization.load(tmp_path / "text.pth")
