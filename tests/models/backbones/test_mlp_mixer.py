"""Tests of :mod:`mmpretrain.models.backbones.mlp_mixer`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.backbones import (
    MlpMixer,
)
from tests.models.backbones.vit_cases import MIXER, vit


def test_mixer_takes_one_image_size():
    model = vit(MlpMixer, **MIXER, out_indices=(0, 1))
    assert [out.shape for out in model(torch.rand(2, 3, 32, 32))] == [(2, 32, 16)] * 2
    with pytest.raises(ValueError, match=r"images of \(32, 32\), got \(40, 32\)"):
        model(torch.rand(2, 3, 40, 32))
