"""What is special about DaViT; the rest is in tests/contracts and tests/golden."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones import DaViT

SMALL = {"embed_dims": 8, "depths": [1, 1, 1, 1], "num_heads": [2, 2, 2, 4]}


def test_odd_maps_and_outputs_after_downsampling():
    model = DaViT(SMALL, window_size=2, out_indices=(0, 3), out_after_downsample=True, pad_small_map=True)
    shapes = [tuple(out.shape) for out in model.eval()(torch.rand(1, 3, 70, 101))]
    assert shapes == [(1, 16, 9, 13), (1, 64, 3, 4)]
