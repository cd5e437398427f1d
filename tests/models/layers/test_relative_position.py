"""Tests of :mod:`mmpretrain.models.layers.relative_position`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.models.layers import (
    resize_relative_position_bias_table,
)
from mmpretrain.models.layers.relative_position import relative_position_index


def test_relative_position_index():
    expected = [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]
    assert relative_position_index((2, 2)).tolist() == expected
    with_cls = relative_position_index((2, 2), with_cls_token=True)
    assert with_cls[1:, 1:].tolist() == expected
    assert with_cls[0].tolist() == [11, 9, 9, 9, 9]
    assert with_cls[1:, 0].tolist() == [10] * 4


@pytest.mark.parametrize(("old", "new"), [(7, 9), (13, 23), (27, 47), (13, 11)])
def test_bias_tables_are_resized_by_a_bicubic_spline(old, new):
    interpolate = pytest.importorskip("scipy.interpolate")
    table = torch.rand(old * old, 2, generator=torch.Generator().manual_seed(0))
    ratio = growth(old // 2, new // 2)
    half = [sum(ratio**i for i in range(n + 1)) for n in range(old // 2)]
    grid = [-h for h in reversed(half)] + [0.0] + half
    wanted = [min(max(float(i), grid[0]), grid[-1]) for i in range(-(new // 2), new // 2 + 1)]
    expected = [
        torch.from_numpy(
            interpolate.RectBivariateSpline(grid, grid, head.view(old, old))(wanted, wanted)
        ).flatten()
        for head in table.T
    ]
    got = resize_relative_position_bias_table(old, new, table, 2)
    torch.testing.assert_close(got, torch.stack(expected, 1).float(), rtol=0, atol=1e-4)


def growth(terms: int, total: int) -> float:
    """The ratio between 1.01 and 1.5 of a geometric series with that sum, or the nearest."""
    ratios = torch.linspace(1.01, 1.5, 490001, dtype=torch.float64)
    return ratios[((1 - ratios**terms) / (1 - ratios) - total).abs().argmin()].item()


def test_a_table_for_a_window_that_is_no_square():
    """The side that does not change stays as it is; the other one is longer, between the same ends."""
    slope = torch.arange(7.0).repeat(7, 1).reshape(49, 1)  # of a window of 4 x 4
    resized = resize_relative_position_bias_table(7, (7, 13), slope, 1).reshape(7, 13)
    assert (resized[0] == resized[6]).all()
    assert resized[0, 6] == 3
    assert (resized[0].diff() >= 0).all()
    assert resized[0, [0, 12]].tolist() == pytest.approx([0, 6], abs=1e-3)
    same = torch.randn(49, 2)
    torch.testing.assert_close(resize_relative_position_bias_table(7, (7, 7), same, 2), same)
