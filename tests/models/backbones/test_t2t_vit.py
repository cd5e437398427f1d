"""What is special about T2T-ViT; the rest is in tests/contracts and tests/golden."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import T2T_ViT

SMALL = {"img_size": 32, "embed_dims": 16, "num_layers": 2, "t2t_cfg": {"token_dims": 8}}
LAYERS = {"num_heads": 2, "feedforward_channels": 32}


def test_attention_is_scaled_as_in_1x_unless_told_otherwise():
    old, paper = (T2T_ViT(**SMALL, layer_cfgs=LAYERS, paper_scale=paper) for paper in (False, True))
    names = ("tokens_to_token.attention1", "tokens_to_token.attention2", "encoder.0")
    scales = [paper.get_submodule(name).attn.scale for name in names]
    assert scales == pytest.approx([147**-0.5, 72**-0.5, 8**-0.5])
    q, k, v = torch.rand(3, 1, 2, 5, 8).unbind()
    for name in names:
        expected = F.scaled_dot_product_attention(q, k, v, scale=8**0.5).transpose(1, 2).flatten(2)
        torch.testing.assert_close(old.get_submodule(name).attn.attend(q, k, v), expected)
    own = T2T_ViT(**SMALL, layer_cfgs={**LAYERS, "qk_scale": 0.5}, paper_scale=True)
    assert own.encoder[1].attn.scale == 0.5


def test_other_image_sizes_and_no_performer():
    model = T2T_ViT(**SMALL, layer_cfgs=LAYERS, out_type="featmap").eval()
    assert model(torch.rand(1, 3, 48, 64))[0].shape == (1, 16, 3, 4)
    with pytest.raises(ArgumentError, match="Performer"):
        T2T_ViT(**{**SMALL, "t2t_cfg": {"use_performer": True}})


def test_positions_of_a_checkpoint_are_resized():
    small, large = (T2T_ViT(**{**SMALL, "img_size": size}, layer_cfgs=LAYERS) for size in (32, 64))
    assert not large.load_state_dict(small.state_dict()).missing_keys
    assert large.pos_embed.shape == (1, 17, 16)
