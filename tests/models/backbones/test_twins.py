"""Tests of :mod:`mmpretrain.models.backbones.twins`."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones.twins import LocallyGroupedSelfAttention
from mmpretrain.models.layers import MultiheadAttention


def test_twins_keeps_padding_out_of_its_windows():
    attn = LocallyGroupedSelfAttention(8, 2, window_size=4).eval()
    x = torch.rand(1, 6 * 4, 8)  # of the second window, only two rows are in the map
    below = attn(x, (6, 4)).view(6, 4, 8)[4:].reshape(1, 8, 8)
    alone = MultiheadAttention(8, 2)
    alone.load_state_dict(attn.state_dict())
    torch.testing.assert_close(below, alone(x.view(1, 6, 4, 8)[:, 4:].reshape(1, 8, 8)))
