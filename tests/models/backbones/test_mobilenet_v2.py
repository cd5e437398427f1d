"""Tests of :mod:`mmpretrain.models.backbones.mobilenet_v2`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.models.backbones import (
    EfficientNet,
    MobileNetV2,
    ShuffleNetV2,
)


@pytest.mark.parametrize("cls", [EfficientNet, MobileNetV2, ShuffleNetV2])
def test_checkpointing_leaves_stem_and_last_convolution_alone(cls):
    model = cls(with_cp=True).train()
    model(torch.rand(2, 3, 32, 32))[-1].sum().backward()
    norms = {name: m for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}
    first, *_, last = norms.values()
    assert int(first.num_batches_tracked) == int(last.num_batches_tracked) == 1
