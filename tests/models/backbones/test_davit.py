"""What is special about DaViT; the rest is in tests/contracts and tests/golden."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from mmpretrain.models.backbones import DaViT
from mmpretrain.models.backbones.davit import ChannelAttention, DaViTBlock

SMALL = {"embed_dims": 8, "depths": [1, 1, 1, 1], "num_heads": [2, 2, 2, 4]}


def test_odd_maps_and_outputs_after_downsampling():
    model = DaViT(SMALL, window_size=2, out_indices=(0, 3), out_after_downsample=True, pad_small_map=True)
    shapes = [tuple(out.shape) for out in model.eval()(torch.rand(1, 3, 70, 101))]
    assert shapes == [(1, 16, 9, 13), (1, 64, 3, 4)]


def test_as_published_pads_evenly_and_normalises_the_mean():
    # The numbers of timm's model are in tests/checkpoints/layouts/layout_cases.py.
    model = DaViT(SMALL, window_size=2, as_published=True, pad_small_map=True).eval()
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        stem = model.patch_embed.projection
        wanted = F.conv2d(x, stem.weight, stem.bias, stride=4, padding=3).flatten(2).transpose(1, 2)
        torch.testing.assert_close(model.embed(x)[0], model.patch_embed.norm(wanted))
        tokens, _ = model.encode(*model.embed(x))[-1]
        torch.testing.assert_close(model(x)[0], model.norm3(tokens.mean(1)))


def test_attention_among_channels_is_dropped_with_its_path():
    block = DaViTBlock(8, 2, window_size=2, drop_path=1 - 1e-6).train()
    x = torch.rand(2, 16, 8)
    with torch.no_grad():
        once = block.channel_block.cpe1(x, (4, 4))
        # With every branch dropped, only the two position encodings of the block are left.
        assert torch.equal(block.channel_block(x, (4, 4)), block.channel_block.cpe2(once, (4, 4)))


def test_weights_of_channels_are_no_denormal_numbers():
    attention = ChannelAttention(8, 2)
    torch.nn.init.normal_(attention.qkv.weight, std=4.0)
    x = torch.randn(1, 50, 8)
    with torch.no_grad():
        q, k, v = attention.qkv(x).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        plain = (k.transpose(-1, -2) @ v * 0.5).softmax(-1)
        assert plain.min() < 1e-38  # so the bound is reached
        wanted = attention.proj((q @ plain.transpose(-1, -2)).transpose(1, 2).flatten(2))
        torch.testing.assert_close(attention(x), wanted)
    attention.double()(x.double()).sum().backward()
    assert torch.isfinite(attention.qkv.weight.grad).all()
