"""Tests of :mod:`mmpretrain.models.backbones.vgg`."""

from __future__ import annotations

import torch

from mmpretrain.models.backbones import (
    VGG,
)


def test_vgg_outputs_scores_after_its_stages():
    model = VGG(11, num_classes=7, out_indices=(0, 4)).eval()
    with torch.no_grad():
        first, last, scores = model(torch.rand(1, 3, 224, 224))
    assert (first.shape[1:], last.shape[1:], scores.shape) == ((64, 112, 112), (512, 7, 7), (1, 7))
    assert len(VGG(11, with_last_pool=False).features) == len(VGG(11).features) - 1
