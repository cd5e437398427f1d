"""Tests of :mod:`mmpretrain.models.backbones.deit`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.backbones import (
    DistilledVisionTransformer,
)
from tests.models.backbones.vit_cases import vit


def test_distilled_tokens():
    cls, dist = vit(DistilledVisionTransformer)(torch.rand(2, 3, 32, 32))[-1]
    (raw,) = vit(DistilledVisionTransformer, out_type="raw")(torch.rand(2, 3, 32, 32))
    assert cls.shape == dist.shape == (2, 32)
    assert raw.shape == (2, 18, 32)


def test_where_tokens_start():
    model = vit(DistilledVisionTransformer)
    model.init_weights()
    assert not model.cls_token.any()  # as in 1.x
    for token in (model.dist_token, model.pos_embed):
        assert 0.01 < token.std() < 0.03


def test_distilled_models_normalise_before_the_first_layer():
    model, image = vit(DistilledVisionTransformer, pre_norm=True), torch.rand(1, 3, 32, 32)
    before = model(image)[-1][0]
    nn.init.zeros_(model.pre_norm.weight)
    assert not torch.equal(model(image)[-1][0], before)
