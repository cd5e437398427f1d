"""Tests of :mod:`mmpretrain.models.backbones.tinyvit`."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones import TinyViT
from tests.models.backbones.levit_cases import TINYVIT


@torch.no_grad()
def test_tinyvit_takes_any_size():
    model = TinyViT(TINYVIT, img_size=64, window_size=(7, 3), gap_before_final_norm=False).eval()
    assert model(torch.rand(1, 3, 70, 50))[0].shape == (1, 12, 9, 7)


def test_tinyvit_use_checkpoint_is_with_cp():
    assert TinyViT(TINYVIT, use_checkpoint=True).with_cp
