"""Rotary position embedding."""

from __future__ import annotations

import torch

from mmpretrain.models.layers.rotary import RotaryEmbedding


def test_the_first_patch_stays():
    x = torch.randn(1, 2, 16, 8)
    turned = RotaryEmbedding(8, 4)(x, (4, 4))
    torch.testing.assert_close(turned[..., 0, :], x[..., 0, :])
    assert not torch.allclose(turned, x)


def test_angles_do_not_depend_on_the_usual_grid():
    small, large = RotaryEmbedding(8, 4), RotaryEmbedding(8, (6, 5))
    x = torch.randn(1, 1, 30, 8)
    torch.testing.assert_close(small(x, (6, 5)), large(x, (6, 5)))


def test_rows_turn_the_first_half_and_columns_the_second():
    angles = RotaryEmbedding(8, 4).angles((3, 3)).reshape(3, 3, 8)
    assert torch.equal(angles[1, 0, :4], angles[1, 2, :4])
    assert torch.equal(angles[0, 1, 4:], angles[2, 1, 4:])
    assert not angles[0, :, :4].any()
