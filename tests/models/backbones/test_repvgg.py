"""Tests of :mod:`mmpretrain.models.backbones.repvgg`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import (
    RepVGG,
)


@torch.no_grad()
def test_deployed_repvgg_keeps_its_attention():
    arch = {**RepVGG.arch_settings["D2se"], "num_blocks": (1, 2, 1, 1)}
    model = RepVGG(arch, base_channels=8).eval()
    x = torch.rand(1, 3, 32, 32)
    (expected,) = model(x)
    model.switch_to_deploy()
    torch.testing.assert_close(model(x)[0], expected, rtol=0, atol=1e-4)
    model.switch_to_deploy()  # a second time changes nothing
    assert model.stem.se_layer is not None


def test_repvgg_refuses_to_fold_other_norms():
    model = RepVGG("A0", base_channels=8, norm_cfg={"type": "GN", "num_groups": 1})
    with pytest.raises(ArgumentError, match="batch norms"):
        model.switch_to_deploy()


def test_pyramid_pooling_of_yolox_pai():
    model = RepVGG("yolox-pai-small", base_channels=8, add_ppf=True, out_indices=(2, 3)).eval()
    assert [tuple(f.shape) for f in model(torch.rand(1, 3, 64, 64))] == [(1, 32, 4, 4), (1, 64, 2, 2)]
