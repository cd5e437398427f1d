"""Tests of :mod:`mmpretrain.models.layers.se_layer`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.layers import (
    SELayer,
)
from mmpretrain.registry import MODELS


def test_squeeze_and_excitation(x):
    se = SELayer(4, squeeze_channels=2)
    weight = se.conv2(se.conv1(x.mean((2, 3), keepdim=True)))
    torch.testing.assert_close(se(x), x * weight)
    weighing = SELayer(4, squeeze_channels=2, return_weight=True)
    weighing.load_state_dict(se.state_dict())
    torch.testing.assert_close(weighing(x), weight)
    assert SELayer(64, ratio=4).conv1.out_channels == 16
    assert isinstance(
        SELayer(8, act_cfg=dict(type="HSigmoid")).conv1.activate, type(MODELS.build(dict(type="HSigmoid")))
    )
    with pytest.raises(ValueError, match="squeeze_channels"):
        SELayer(4, squeeze_channels=0)
