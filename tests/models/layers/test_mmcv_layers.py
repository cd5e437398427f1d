"""The layers that MMCV registers besides the usual ones: same keys, initial weights and numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.layers import (
    ConvAWS2d,
    ConvModule,
    GeneralizedAttention,
    NonLocal1d,
    NonLocal3d,
    build_conv_layer,
    build_plugin_layer,
)
from mmpretrain.registry import MODELS
from tests.models.layers.mmcv_cases import CASES, run

EXPECTED = json.loads((Path(__file__).parent / "data" / "mmcv_layers.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_as_in_the_reference_environment(case):
    kind = CASES[case][0]
    own = {"NonLocal1d": NonLocal1d, "NonLocal3d": NonLocal3d}
    result, expected = run(case, {kind: own.get(kind) or MODELS.get(kind)}), EXPECTED[case]
    assert list(result["state"].items()) == list(expected["state"].items())
    assert result["initial"] == pytest.approx(expected["initial"], rel=1e-6)
    assert result["output"].pop("shape") == expected["output"].pop("shape")
    for key, value in expected["output"].items():
        assert result["output"][key] == pytest.approx(value, abs=1e-5), key


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


def test_attention_by_query_and_step_takes_any_shape():
    layer = GeneralizedAttention(8, num_heads=2, attention_type="0100")
    nn.init.ones_(layer.gamma)
    x = torch.randn(1, 8, 4, 6)
    flipped = GeneralizedAttention(8, num_heads=2, attention_type="0100")
    flipped.load_state_dict(layer.state_dict())
    flipped.appr_geom_fc_x, flipped.appr_geom_fc_y = flipped.appr_geom_fc_y, flipped.appr_geom_fc_x
    torch.testing.assert_close(flipped(x.transpose(2, 3)), layer(x).transpose(2, 3))


def test_adaptive_standardisation_computes_the_same_with_weights_of_an_ordinary_convolution():
    plain = nn.Conv2d(4, 6, 3)
    layer = build_conv_layer(dict(type="ConvAWS"), 4, 6, 3)
    assert isinstance(layer, ConvAWS2d)
    layer.load_state_dict(plain.state_dict())
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(layer(x), plain(x))
    again = ConvAWS2d(4, 6, 3)
    again.load_state_dict(layer.state_dict())
    torch.testing.assert_close(again(x), plain(x))
    assert ConvModule(4, 6, 3, conv_cfg=dict(type="ConvAWS")).conv.weight_gamma.shape == (6, 1, 1, 1)


def test_layers_say_what_is_wrong():
    layer = CASES["layers norm first"][1]["transformerlayers"]
    with pytest.raises(ArgumentError, match="operation_order"):
        MODELS.build({**layer, "operation_order": ("attn", "ffn")})
    with pytest.raises(ArgumentError, match="2 dicts"):
        MODELS.build({**layer, "attn_cfgs": [layer["attn_cfgs"]]})
