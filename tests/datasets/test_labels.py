"""Tests of :mod:`mmpretrain.datasets.labels`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.labels import to_indices
from mmpretrain.errors import DataError


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_libraries_give_for_a_missing_label(missing):
    with pytest.raises(DataError, match="row 1: A sample has no label"):
        to_indices([0, missing], None, "row {}".format)
