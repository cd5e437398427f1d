"""Tests of :mod:`mmpretrain.models.heads.stacked_head`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.models import (
    StackedLinearClsHead,
)
from tests.models.heads.cases import FEATS


def test_stacked_layers():
    head = StackedLinearClsHead(num_classes=3, in_channels=6, mid_channels=[5, 4], dropout_rate=0.5)
    assert [layer.dropout.p for layer in head.layers] == [0.5, 0.5, 0.0]
    assert head.pre_logits(FEATS).shape == (4, 4)
    assert head.fc is head.layers[-1]
    with pytest.raises(ConfigError, match="mid_channels must be a sequence"):
        StackedLinearClsHead(num_classes=3, in_channels=6, mid_channels=5)
