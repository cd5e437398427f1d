"""Tests of :mod:`mmpretrain.models.selfsup.simclr`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import DataError
from tests.models.selfsup.cases import model_of
from tests.models.selfsup.facts import picture


def test_simclr_needs_two_images():
    model = model_of("SimCLR").eval()
    with pytest.raises(DataError, match="two or more"):
        model([picture((1, 3, 32, 32), 0)] * 2, mode="loss")


def test_simclr_needs_views_of_one_size():
    views = [picture((2, 3, size, size), 0, i) for i, size in enumerate((32, 24))]
    with pytest.raises(DataError, match="needs views of one size, but they are 32 x 32 and 24 x 24"):
        model_of("SimCLR")(views, mode="loss")
