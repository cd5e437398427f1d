"""Tests of :mod:`mmpretrain.models.backbones.base_staged`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.backbones.base_staged import StagedBackbone
from mmpretrain.models.layers import LayerNorm2d


class Staged(StagedBackbone):
    def __init__(self, out_indices=(-1,), gap=True, norm=nn.LayerNorm):
        super().__init__()
        self.set_stages((4, 8), [[nn.Identity()], [nn.Identity()] * 2], LayerNorm2d)
        self.set_output(out_indices, norm, gap_before_final_norm=gap)


def test_each_stage_halves_the_map():
    images = torch.rand(2, 3, 32, 16)
    maps = Staged((0, 1), gap=False, norm=LayerNorm2d)(images)
    assert [tuple(x.shape) for x in maps] == [(2, 4, 8, 4), (2, 8, 4, 2)]
    (vector,) = Staged()(images)
    assert vector.shape == (2, 8)
    (normed,) = Staged(norm=LayerNorm2d)(images)  # a norm of maps, on the mean
    assert normed.shape == (2, 8)


def test_only_outputs_have_a_norm():
    assert [name for name, _ in Staged((-2,)).named_children() if name.startswith("norm")] == ["norm0"]
    assert Staged().stage_groups() == [
        ["downsample_layers.0", "stages.0"], ["downsample_layers.1", "stages.1"],
    ]  # fmt: skip
