"""Tests of :mod:`mmpretrain.models.layers.inverted_residual`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.layers import (
    InvertedResidual,
)


def test_inverted_residual(x):
    same = InvertedResidual(4, 4, 8, se_cfg=dict(channels=8), drop_path_rate=0.5).eval()
    assert same.with_res_shortcut
    torch.testing.assert_close(
        same(x), x + same.linear_conv(same.se(same.depthwise_conv(same.expand_conv(x))))
    )
    half = InvertedResidual(4, 6, 4, kernel_size=5, stride=2)
    assert half(x).shape == (2, 6, 4, 4)
    assert not hasattr(half, "expand_conv")
    with pytest.raises(ValueError, match="stride"):
        InvertedResidual(4, 4, 4, stride=3)
