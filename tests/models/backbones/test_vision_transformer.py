"""Tests of :mod:`mmpretrain.models.backbones.vision_transformer`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import (
    BEiTViT,
    DeiT3,
    DistilledVisionTransformer,
    VisionTransformer,
)
from mmpretrain.models.layers import resize_pos_embed
from tests.models.backbones.vit_cases import vit


@pytest.mark.parametrize(
    ("out_type", "shape"),
    [("cls_token", (2, 32)), ("featmap", (2, 32, 4, 4)), ("avg_featmap", (2, 32)), ("raw", (2, 17, 32))],
)
@pytest.mark.parametrize("cls", [VisionTransformer, BEiTViT])
def test_out_type(cls, out_type, shape):
    (out,) = vit(cls, out_type=out_type)(torch.rand(2, 3, 32, 32))
    assert out.shape == shape


@pytest.mark.parametrize("cls", [VisionTransformer, BEiTViT])
def test_without_class_token(cls):
    (out,) = vit(cls, with_cls_token=False, out_type="raw")(torch.rand(2, 3, 32, 32))
    assert out.shape == (2, 16, 32)
    with pytest.raises(ArgumentError, match="needs with_cls_token=True"):
        vit(cls, with_cls_token=False, out_type="cls_token")


def test_unknown_out_type_names_the_known_ones():
    with pytest.raises(ArgumentError, match="'avg_featmap', 'cls_token', 'featmap', 'raw'"):
        vit(out_type="mean")


def test_other_image_sizes():
    model = vit(out_type="featmap")
    assert model(torch.rand(1, 3, 48, 24))[0].shape == (1, 32, 6, 3)


@pytest.mark.parametrize("cls", [VisionTransformer, DistilledVisionTransformer, DeiT3])
def test_position_embeddings_are_resized_on_load(cls):
    small, large = vit(cls), vit(cls, img_size=48, interpolate_mode="bilinear")
    nn.init.normal_(small.pos_embed)
    large.load_state_dict(small.state_dict())
    expected = resize_pos_embed(small.pos_embed, (4, 4), (6, 6), "bilinear", small.num_extra_positions)
    torch.testing.assert_close(large.pos_embed, expected)


def test_the_class_tokens_position_is_dropped_on_load():
    model = vit(with_cls_token=False, out_type="raw")
    state = vit().state_dict()
    del state["cls_token"]
    nn.init.normal_(state["pos_embed"])
    model.load_state_dict(state)
    torch.testing.assert_close(model.pos_embed, state["pos_embed"][:, 1:])


def test_giant_dinov2_has_a_gated_network():
    layers = {"ffn_type": "swiglu_fused"}
    model = vit(layer_cfgs=layers, layer_scale_init_value=1e-5)
    assert {"layers.0.ffn.w12.weight", "layers.0.ffn.gamma2.weight"} <= set(model.state_dict())
    with pytest.raises(ArgumentError, match="'origin', 'swiglu' or 'swiglu_fused'"):
        vit(layer_cfgs={"ffn_type": "glu"})
    with pytest.raises(ArgumentError, match=r"3 dicts .*, got 2"):
        vit(layer_cfgs=[layers, layers])
