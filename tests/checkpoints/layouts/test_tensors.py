"""Tests of :mod:`mmpretrain.checkpoints.layouts.tensors`."""

from __future__ import annotations

import torch

from mmpretrain.checkpoints import layouts


def test_separate_projections_are_joined():
    marks = ("embeddings.position_embeddings", "encoder.layer.0.layernorm_before.weight")
    weights = {f"vit.{name}": torch.zeros(1) for name in marks}
    for i, name in enumerate(("query", "key", "value")):
        weights[f"vit.encoder.layer.0.attention.attention.{name}.weight"] = torch.full((2, 2), float(i))
    joined = layouts.convert(weights).weights
    assert joined["backbone.layers.0.attn.qkv.weight"][:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_what_is_split_becomes_one():
    parts = {f"blocks.0.attn.{n}_proj.weight": torch.full((2, 2), float(i)) for i, n in enumerate("qkv")}
    parts |= {"blocks.0.attn.q_bias": torch.ones(2), "blocks.0.attn.v_bias": torch.full((2,), 2.0)}
    parts |= {f"blocks.0.mlp.w{i}.bias": torch.full((2,), float(i)) for i in (1, 2, 3)}
    marks = {"cls_token": torch.ones(1), "blocks.0.attn.rope.freqs_cos": torch.ones(1),
             "blocks.0.mlp.w1.weight": torch.ones(1), "blocks.0.mlp.w2.weight": torch.ones(1)}  # fmt: skip
    joined = layouts.convert({**parts, **marks}).weights
    assert joined["backbone.layers.0.attn.qkv.weight"][:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert joined["backbone.layers.0.attn.qkv.bias"].tolist() == [1, 1, 0, 0, 2, 2]
    assert joined["backbone.layers.0.mlp.w12.bias"].tolist() == [1, 1, 2, 2]
    assert joined["backbone.layers.0.mlp.w3.bias"].tolist() == [3, 3]
