"""Tests of :mod:`mmpretrain.models.backbones.replknet`."""

from __future__ import annotations

import pytest
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import RepLKNet, RepMLPNet
from tests.models.backbones.rep_cases import REPMLP

REPLKNET = {
    "large_kernel_sizes": (7, 5), "layers": (1, 2), "channels": (8, 12), "small_kernel": 3, "dw_ratio": 1,
}  # fmt: skip

TWO = {"strides": (2, 2), "dilations": (1, 1), "out_indices": -1}


def test_norm_cfg_holds_for_every_layer():
    norm = {"type": "GN", "num_groups": 2}
    for model in (RepLKNet(REPLKNET, norm_cfg=norm, **TWO), RepMLPNet(REPMLP, norm_cfg=norm, out_indices=-1)):
        assert not [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
        with pytest.raises(ArgumentError, match="batch norms"):
            model.switch_to_deploy()


def test_a_frozen_stage_includes_what_leads_to_it():
    model = RepLKNet(REPLKNET, frozen_stages=2, **TWO)
    assert not [name for name, p in model.named_parameters() if p.requires_grad]
