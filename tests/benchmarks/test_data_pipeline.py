"""Data pipelines in turns."""

from __future__ import annotations

import sys

import pytest


def test_a_contender_that_ends_says_why(tmp_path):
    from data_pipeline import Contender

    contender = Contender("this", sys.executable, "packed", tmp_path)
    for _ in range(2):  # and not a broken pipe the second time
        with pytest.raises(RuntimeError, match=r"this ended: .*MissingFileError"):
            contender.time("train")
    contender.close()
