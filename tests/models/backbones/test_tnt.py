"""What is special about TNT; the rest is in tests/contracts and tests/golden."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.backbones import TNT

SMALL = {
    "embed_dims_outer": 16,
    "embed_dims_inner": 8,
    "num_layers": 1,
    "num_heads_outer": 2,
    "num_heads_inner": 2,
}


def test_activation_and_other_image_sizes():
    model = TNT(SMALL, img_size=32, act_cfg={"type": "ReLU"}).eval()
    assert any(isinstance(module, nn.ReLU) for module in model.modules())
    assert model(torch.rand(1, 3, 48, 80))[0].shape == (1, 16)
    larger = TNT(SMALL, img_size=64)
    assert not larger.load_state_dict(model.state_dict()).missing_keys
