"""Tests of :mod:`mmpretrain.models.heads.masked_pixel_heads`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from mmpretrain.models import (
    MAEPretrainHead,
)


def test_patches_and_back():
    images = torch.arange(2 * 3 * 8 * 8.0).reshape(2, 3, 8, 8)
    head = MAEPretrainHead(loss={"type": "PixelReconstructionLoss", "criterion": "L2"}, patch_size=4)
    patches = head.patchify(images)
    assert patches.shape == (2, 4, 48)
    assert patches[0, 1, :3].tolist() == images[0, :, 0, 4].tolist(), "channels of a pixel stay together"
    assert torch.equal(head.unpatchify(patches), images)
    assert head.patchify(images[:, :, :4]).shape == (2, 2, 48)
    with pytest.raises(ConfigError, match="8x6 pixels cannot be cut into patches of 4"):
        head.patchify(images[..., :6])
    with pytest.raises(ConfigError, match="3 patches do not make a square"):
        head.unpatchify(patches[:, :3])
