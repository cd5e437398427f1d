"""Tests of :mod:`mmpretrain.models.backbones.xcit`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import (
    XCiT,
)
from tests.models.backbones.vit_cases import trainable


def test_xcit_freezes_as_many_layers_as_it_says():
    options = {"embed_dims": 16, "num_heads": 2, "depth": 2, "cls_attn_layers": 1, "patch_size": 8}
    model = XCiT(**options, frozen_stages=2).train()
    assert [layer.training for layer in model.xca_layers] == [False, False]
    assert trainable(model) == {"cls_token", "ca_layers", "norm"}
    with pytest.raises(ArgumentError, match="Earlier layers have no class token"):
        XCiT(**options, out_indices=(1, 2))
