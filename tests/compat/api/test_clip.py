"""Tests of :mod:`mmpretrain.compat.api.clip`."""

from __future__ import annotations

import pytest
import torch
from mmpretrain.models.utils.clip_generator_helper import build_clip_model

from mmpretrain.errors import ArgumentError, CheckpointError


def clip_weights(width: int = 8, dim: int = 6) -> dict[str, torch.Tensor]:
    """Weights of a tiny CLIP in OpenAI's layout."""

    def blocks(prefix: str) -> dict[str, tuple[int, ...]]:
        return {
            f"{prefix}.attn.in_proj_weight": (3 * width, width), f"{prefix}.attn.in_proj_bias": (3 * width,),
            f"{prefix}.attn.out_proj.weight": (width, width), f"{prefix}.attn.out_proj.bias": (width,),
            f"{prefix}.ln_1.weight": (width,), f"{prefix}.ln_1.bias": (width,),
            f"{prefix}.mlp.c_fc.weight": (4 * width, width), f"{prefix}.mlp.c_fc.bias": (4 * width,),
            f"{prefix}.mlp.c_proj.weight": (width, 4 * width), f"{prefix}.mlp.c_proj.bias": (width,),
            f"{prefix}.ln_2.weight": (width,), f"{prefix}.ln_2.bias": (width,),
        }  # fmt: skip

    shapes = {
        "visual.conv1.weight": (width, 3, 4, 4), "visual.class_embedding": (width,),
        "visual.positional_embedding": (5, width), "visual.proj": (width, dim),
        "visual.ln_pre.weight": (width,), "visual.ln_pre.bias": (width,),
        "visual.ln_post.weight": (width,), "visual.ln_post.bias": (width,),
        "positional_embedding": (7, width), "token_embedding.weight": (9, width),
        "text_projection": (width, dim), "ln_final.weight": (width,), "ln_final.bias": (width,),
        "logit_scale": (), **blocks("visual.transformer.resblocks.0"), **blocks("transformer.resblocks.0"),
    }  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    return {key: torch.randn(shape, generator=generator) * 0.1 for key, shape in shapes.items()}


def test_features_of_an_image():
    weights = clip_weights()
    model = build_clip_model(weights)
    assert not model.training
    features, attention = model.encode_image(torch.rand(2, 3, 8, 8))
    assert features.shape == (2, 5, 6)
    assert attention is not None
    assert torch.allclose(attention.sum(-1), torch.ones(2, 5))
    assert torch.equal(model.visual.proj, weights["visual.proj"])


def test_bad_input():
    weights = clip_weights()
    with pytest.raises(ArgumentError, match="makes targets only"):
        build_clip_model(weights, finetune=True)
    with pytest.raises(CheckpointError, match="not those of a CLIP model"):
        build_clip_model({"a": torch.zeros(1)})
    del weights["visual.ln_post.weight"]
    with pytest.raises(CheckpointError, match=r"missing, or have another shape; the first is visual.ln_post"):
        build_clip_model(weights)
