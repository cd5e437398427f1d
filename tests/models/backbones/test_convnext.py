"""Tests of :mod:`mmpretrain.models.backbones.convnext`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.backbones import (
    ConvNeXt,
)


def test_convnext_linear_layers_and_convolutions_are_the_same():
    arch = {"depths": [1, 1, 1, 1], "channels": [4, 6, 8, 10]}
    options = {"arch": arch, "use_grn": True, "layer_scale_init_value": 0.5, "gap_before_final_norm": False}
    linear = ConvNeXt(**options).eval()
    conv = ConvNeXt(**options, linear_pw_conv=False).eval()
    for parameter in linear.parameters():
        nn.init.uniform_(parameter, -1, 1)
    conv.load_state_dict({k: v.view_as(conv.state_dict()[k]) for k, v in linear.state_dict().items()})
    image = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(linear(image), conv(image), rtol=1e-4, atol=1e-4)
