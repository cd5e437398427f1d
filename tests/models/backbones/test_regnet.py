"""Tests of :mod:`mmpretrain.models.backbones.regnet`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import (
    RegNet,
)
from mmpretrain.models.backbones.regnet import stage_shapes


def test_regnet_widths():
    assert stage_shapes(24, 24.48, 2.54, 22) == ([24, 64, 152, 392], [1, 2, 7, 12])
    # Rounded to whole groups, these are the widths in the paper.
    assert RegNet("regnetx_400mf").stage_widths == [32, 64, 160, 384]
    assert RegNet("regnetx_3.2gf").stage_widths == [96, 192, 432, 1008]
    with pytest.raises(ArgumentError, match="deep stem"):
        RegNet("regnetx_400mf", deep_stem=True)
