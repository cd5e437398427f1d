"""Tests of :mod:`mmpretrain.models.heads.vision_transformer_head`."""

from __future__ import annotations

import pytest

from mmpretrain.models import (
    VisionTransformerClsHead,
)


def test_vision_transformer_initialisation():
    head = VisionTransformerClsHead(num_classes=3, in_channels=400, hidden_dim=300)
    head.init_weights()
    assert head.layers.head.weight.abs().max() == 0
    assert head.layers.pre_logits.weight.std().item() == pytest.approx(400**-0.5, rel=0.02)
    assert head.layers.pre_logits.bias.abs().max() == 0
