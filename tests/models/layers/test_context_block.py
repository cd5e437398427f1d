"""Tests of :mod:`mmpretrain.models.layers.context_block`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.models.layers import (
    build_plugin_layer,
)


@pytest.mark.parametrize(
    ("cfg", "name", "wrong"),
    [
        (dict(type="NonLocal2d"), "nonlocal_block1", dict(mode="gauss")),
        (dict(type="ContextBlock", ratio=0.25), "context_block1", dict(pooling_type="max")),
        (dict(type="ContextBlock", ratio=0.25), "context_block1", dict(fusion_types=["channel"])),
        (dict(type="GeneralizedAttention", num_heads=2), "gen_attention_block1", dict(attention_type="12")),
        (dict(type="GeneralizedAttention", num_heads=2), "gen_attention_block1", dict(spatial_range=1)),
    ],
)
def test_plugins(cfg, name, wrong):
    found, plugin = build_plugin_layer(cfg, 1, in_channels=8)
    assert found == name
    x = torch.randn(2, 8, 6, 6)
    torch.testing.assert_close(plugin(x), x)  # all of them begin by adding nothing
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        build_plugin_layer({**cfg, **wrong}, in_channels=8)
