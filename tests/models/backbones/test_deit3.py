"""Tests of :mod:`mmpretrain.models.backbones.deit3`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.backbones import (
    DeiT3,
)
from tests.models.backbones.vit_cases import vit


def test_deit3_averages_its_patches():
    """With a norm after the mean, as the other Vision Transformers have it."""
    model, x = vit(DeiT3, out_type="avg_featmap"), torch.rand(2, 3, 32, 32)
    nn.init.normal_(model.ln2.weight)
    (mean,) = model(x)
    model.out_type = "featmap"
    (patches,) = model(x)
    torch.testing.assert_close(mean, model.ln2(patches.mean(dim=(2, 3))))
