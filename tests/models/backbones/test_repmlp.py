"""Tests of :mod:`mmpretrain.models.backbones.repmlp`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import RepMLPNet
from tests.models.backbones.rep_cases import REPMLP


def randomise(model: nn.Module) -> None:
    """Give batch norms statistics that are not those of the start."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)


@torch.no_grad()
@pytest.mark.parametrize("kernels", [(1, 3), None])
def test_repmlp_is_deployed_on_images_that_are_not_square(kernels):
    model = RepMLPNet(
        REPMLP, img_size=(32, 48), patch_size=4, reparam_conv_kernels=kernels, out_indices=(0, 1)
    ).eval()
    randomise(model)
    x = torch.rand(2, 3, 32, 48)
    expected = model(x)
    model.switch_to_deploy()
    model.switch_to_deploy()  # a second time changes nothing
    for a, b in zip(model(x), expected):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-4)


def test_repmlp_says_which_size_it_takes():
    with pytest.raises(ArgumentError, match=r"built for images of \(64, 64\), not of \(64, 32\)"):
        RepMLPNet(REPMLP, img_size=64, out_indices=-1)(torch.rand(2, 3, 64, 32))


def test_sharesets_divide_the_channels():
    with pytest.raises(ArgumentError, match="sharesets"):
        RepMLPNet({**REPMLP, "sharesets_nums": [3, 4]}, img_size=32, out_indices=-1)
