"""Tests of :mod:`mmpretrain.models.layers.registered`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ArgumentError
from mmpretrain.registry import MODELS
from tests.models.layers.mmcv_cases import CASES


def test_layers_say_what_is_wrong():
    layer = CASES["layers norm first"][1]["transformerlayers"]
    with pytest.raises(ArgumentError, match="operation_order"):
        MODELS.build({**layer, "operation_order": ("attn", "ffn")})
    with pytest.raises(ArgumentError, match="2 dicts"):
        MODELS.build({**layer, "attn_cfgs": [layer["attn_cfgs"]]})
