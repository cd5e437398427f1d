"""Tests of :mod:`mmpretrain.models.layers.cross_covariance`."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from mmpretrain.models.layers.cross_covariance import (
    ChannelMultiheadAttention,
    ClassAttention,
    CrossCovarianceAttention,
    cross_covariance,
)


def test_channels_attend_to_channels():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 1, 5, 4)  # one head of four channels, five tokens
    mixed = cross_covariance(torch.cat([q, k, v], dim=-1), 1, 2.0, 0.0)
    cosines = F.normalize(q, dim=1).transpose(1, 2) @ F.normalize(k, dim=1)  # (1, 4, 4)
    expected = ((2.0 * cosines).softmax(dim=-1) @ v.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(mixed, expected)


def test_the_number_of_tokens_does_not_matter_to_the_weights():
    layer = CrossCovarianceAttention(8, num_heads=2)
    assert layer.temperature.shape == (2, 1, 1)
    assert [layer(torch.randn(1, n, 8)).shape[1] for n in (3, 50)] == [3, 50]


def test_a_temperature_is_learned_or_fixed():
    learned = ChannelMultiheadAttention(8, 2)
    fixed = ChannelMultiheadAttention(8, 2, qk_scale_type="fixed", qk_scale=0.3)
    assert isinstance(learned.scale, torch.nn.Parameter)
    assert (fixed.scale, "scale" in dict(fixed.named_parameters())) == (0.3, False)
    assert fixed(torch.randn(2, 3, 8)).shape == (2, 3, 8)


def test_only_the_class_token_asks():
    torch.manual_seed(0)
    layer, x = ClassAttention(8, num_heads=2).eval(), torch.randn(2, 5, 8)
    out = layer(x)
    assert out.shape == (2, 1, 8)
    swapped = x[:, [0, 3, 1, 4, 2]]  # patches have no order
    torch.testing.assert_close(layer(swapped), out)
