"""Position encodings by sines and cosines."""

from __future__ import annotations

import math

import torch

from mmpretrain.models.layers.fourier import fourier_positions


def test_rows_then_columns():
    waves = fourier_positions((3, 5), 8)
    assert waves.shape == (1, 16, 3, 5)
    assert torch.equal(waves[0, :8, :, 0], waves[0, :8, :, 4])
    assert torch.equal(waves[0, 8:, 0], waves[0, 8:, 2])


def test_the_first_wave_makes_one_turn():
    waves = fourier_positions((4, 4), 4)
    expected = [math.sin(2 * math.pi * (i + 1) / 4) for i in range(4)]
    torch.testing.assert_close(waves[0, 0, :, 0], torch.tensor(expected), atol=1e-5, rtol=0)
