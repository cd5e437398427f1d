"""Tests of :mod:`mmpretrain.engine.optimizers.constructor`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.optimizers import (
    DefaultOptimWrapperConstructor,
    build_optim_wrapper,
)
from mmpretrain.errors import ConfigError
from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    SGD,
    TinyNet,
)


def test_decay_of_parts_needs_no_learning_rate():
    optimizer = {"type": "Adam", "weight_decay": 0.1}
    groups = wrap(
        TinyNet(), optimizer=optimizer, paramwise_cfg={"custom_keys": {"": {"decay_mult": 0.5}}}
    ).param_groups
    assert 0.05 in {group["weight_decay"] for group in groups}
    assert {group["lr"] for group in groups} == {1e-3}  # Adam's own


def test_shared_parameters():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    with pytest.raises(ConfigError, match=r"1\.weight is shared.*bypass_duplicate=True"):
        wrap(model, paramwise_cfg={"bias_lr_mult": 2.0})
    wrapper = wrap(model, paramwise_cfg={"bias_lr_mult": 2.0, "bypass_duplicate": True})
    assert [group["lr"] for group in wrapper.optimizer.param_groups] == [0.05, 0.1, 0.1]


def test_frozen_parameters_are_left_out():
    model = TinyNet()
    model.stem.requires_grad_(False)
    groups = wrap(model, paramwise_cfg={"norm_decay_mult": 0.0}).optimizer.param_groups
    assert len(groups) == len(list(model.parameters())) - 2


def test_deformable_convolutions():
    class ModulatedDeformConv2d(nn.Module):  # as those of mmcv.ops and torchvision are called
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 2))
            self.conv_offset = nn.Conv2d(2, 2, 1)

    model = nn.Sequential(nn.Conv2d(2, 2, 1), ModulatedDeformConv2d())
    wrapper = wrap(
        model, paramwise_cfg={"dcn_offset_lr_mult": 0.1, "bias_lr_mult": 2.0, "bias_decay_mult": 0.0}
    )
    lr = [group["lr"] for group in wrapper.optimizer.param_groups]
    assert lr == pytest.approx([0.05, 0.1, 0.05, 0.005, 0.005])
    assert [group["weight_decay"] for group in wrapper.optimizer.param_groups] == [
        0.01,
        0.0,
        0.01,
        0.01,
        0.01,
    ]


def test_custom_constructor_of_1x():
    """A subclass that overrides ``add_params`` with upstream's signature."""

    class HeadOnly(DefaultOptimWrapperConstructor):
        def add_params(self, params, module, prefix="", is_dcn_module=None):
            super().add_params(params, module.head, prefix="head", is_dcn_module=is_dcn_module)

    cfg = {
        "optimizer": SGD,
        "constructor": HeadOnly,
        "paramwise_cfg": {"custom_keys": {"head.bias": {"lr_mult": 3}}},
    }
    groups = build_optim_wrapper(TinyNet(), cfg).optimizer.param_groups
    assert [group["lr"] for group in groups] == pytest.approx([0.05, 0.15])
