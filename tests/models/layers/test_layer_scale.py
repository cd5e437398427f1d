"""Tests of :mod:`mmpretrain.models.layers.layer_scale`."""

from __future__ import annotations

import torch

from mmpretrain.models.layers import (
    LayerScale,
)


def test_layer_scale():
    x = torch.ones(2, 3, 4, 5)
    assert LayerScale(5, 0.5)(x).eq(0.5).all()
    assert LayerScale(3, torch.tensor([1.0, 2.0, 3.0]), data_format="channels_first")(x)[0, 2].eq(3).all()
