"""Tests of :mod:`mmpretrain.models.backbones.base_sparse`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.models.backbones.base_sparse import SparseBackbone
from mmpretrain.models.layers.sparse import ActiveMap


class Counted(SparseBackbone):
    def __init__(self, with_cp=False):
        super().__init__(with_cp=with_cp)
        self.active = ActiveMap()
        self.conv = nn.Conv2d(1, 1, 1)
        self.seen = []

    def block(self, x):
        self.seen.append(self.active.mask)
        return self.conv(x)

    def forward(self, x):
        return (self.run(self.block, x),)


@pytest.mark.parametrize("with_cp", [False, True])
def test_a_block_sees_the_mask_also_when_it_is_recomputed(with_cp):
    model, mask = Counted(with_cp).train(), torch.ones(1, 1, 2, 2)
    with model.masked(mask):
        (out,) = model(torch.ones(1, 1, 4, 4, requires_grad=True))
    assert model.active.mask is None
    out.sum().backward()  # outside of the block
    assert len(model.seen) == 1 + with_cp
    assert all(seen is mask for seen in model.seen)
