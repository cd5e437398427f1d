"""What is special about ViTSAM; the rest is in tests/contracts and tests/golden."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones import ViTSAM

ARCH = {
    "embed_dims": 16,
    "num_layers": 2,
    "num_heads": 2,
    "feedforward_channels": 32,
    "global_attn_indexes": [1],
}
SMALL = {"img_size": 32, "patch_size": 8, "window_size": 3, "out_channels": 8}


def test_without_absolute_positions():
    model = ViTSAM(ARCH, **SMALL, use_abs_pos=False, frozen_stages=1)
    model.init_weights()
    assert model.pos_embed is None
    assert not model.patch_embed.projection.weight.requires_grad


def test_a_checkpoint_for_another_image_size():
    small, large = ViTSAM(ARCH, **SMALL), ViTSAM(ARCH, **{**SMALL, "img_size": 64})
    torch.nn.init.normal_(small.layers[1].attn.rel_pos_h)
    assert not large.load_state_dict(small.state_dict()).missing_keys
    assert large.layers[1].attn.rel_pos_h.shape == (15, 8)
    assert large.layers[1].attn.rel_pos_h.any()
    assert large.pos_embed.shape == (1, 8, 8, 16)
