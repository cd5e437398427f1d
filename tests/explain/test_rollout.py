"""Attention rollout."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mmpretrain.errors import ConfigError
from mmpretrain.explain.rollout import RecordAttention, attention_weights, rollout
from mmpretrain.registry import MODELS

from .nets import build, classifier, filled, picture

ARCH = {"embed_dims": 32, "num_layers": 2, "num_heads": 2, "feedforward_channels": 64}


@pytest.mark.parametrize("masked", [None, "bool", "float", "causal"])
def test_weights_are_those_of_torch(masked):
    q, k, v = torch.randn(3, 2, 3, 5, 8, generator=torch.Generator().manual_seed(0))
    options = {"scale": 0.3}
    if masked == "causal":
        options["is_causal"] = True
    elif masked is not None:
        mask = torch.eye(5).roll(1, 0) == 0
        options["attn_mask"] = mask if masked == "bool" else torch.where(mask, 0.5, -2.0)
    with RecordAttention() as attention:
        out = F.scaled_dot_product_attention(q, k, v, **options)
    torch.testing.assert_close(attention_weights(q, k, v, **options) @ v, out)
    assert attention.layers[0].shape == (2, 5, 5)


@pytest.mark.parametrize("out_type", ["cls_token", "avg_featmap"])
def test_products_of_the_layers(out_type):
    backbone = {"type": "VisionTransformer", "arch": ARCH, "img_size": (32, 64), "patch_size": 16}
    cls_token = out_type == "cls_token"
    backbone.update(out_type=out_type, with_cls_token=cls_token)
    model = filled(MODELS.build(classifier(backbone, 32, pooled=True)))
    image = picture(32, 64, 1)
    found = rollout(model, image, (1, 0) if cls_token else (0,))
    assert found.shape == (1, 2, 4)
    with torch.no_grad(), RecordAttention() as attention:
        model(image)
    first, second = ((layer[0] + torch.eye(layer.shape[-1])) / 2 for layer in attention.layers)
    flow = second @ first
    expected = flow[0, 1:] if cls_token else flow.mean(0)
    torch.testing.assert_close(found[0].flatten(), expected)


@pytest.mark.parametrize("name", ["resnet18", "swin"])
def test_networks_without_attention_among_all_tokens(name):
    with pytest.raises(ConfigError, match="attention among all tokens"):
        rollout(build(name), picture(96, 96, 1), (0,))
