"""Tests of :mod:`mmpretrain.models.selfsup.mocov3`."""

from __future__ import annotations

from mmpretrain.registry import MODELS


def test_mocov3_keeps_what_is_fixed():
    model = MODELS.build(dict(type="MoCoV3ViT", arch="mocov3-small", patch_size=16, stop_grad_conv1=True))
    model.init_weights()
    assert model.embed_dims == 384
    assert not model.train().pos_embed.requires_grad
    assert not model.patch_embed.projection.weight.requires_grad
    assert model.cls_token.requires_grad
