"""Tests of :mod:`mmpretrain.models.layers.decomposed_position`."""

from __future__ import annotations

import torch

from mmpretrain.models.layers.decomposed_position import decomposed_bias, relative_rows


def test_each_pair_of_places_looks_up_its_offset():
    table = torch.arange(5.0).unsqueeze(1)  # offsets -2 to 2
    assert relative_rows(table, 3, 3)[..., 0].tolist() == [[2, 1, 0], [3, 2, 1], [4, 3, 2]]


def test_a_coarser_grid_is_stretched():
    table = torch.arange(7.0).unsqueeze(1)
    rows = relative_rows(table, queries=4, keys=2)[..., 0]
    assert rows.tolist() == [[2, 0], [3, 1], [4, 2], [5, 3]]


def test_a_table_of_another_length_is_interpolated():
    rows = relative_rows(torch.linspace(0, 1, 3).unsqueeze(1), 4, 4)[..., 0]
    assert rows.shape == (4, 4)
    assert rows.min() >= 0
    assert rows.max() <= 1
    assert (rows[1:, 0] - rows[:-1, 0] > 0).all()


def test_the_bias_is_the_sum_over_both_axes():
    torch.manual_seed(0)
    q = torch.randn(1, 1, 6, 4)  # a grid of 2 x 3
    rows, columns = torch.randn(3, 4), torch.randn(5, 4)
    bias = decomposed_bias(q, (2, 3), (2, 3), rows, columns)
    assert bias.shape == (1, 1, 6, 6)
    # from (1, 2) to (0, 1): one up, one to the left
    expected = q[0, 0, 5] @ rows[1 + 1] + q[0, 0, 5] @ columns[1 + 2]
    torch.testing.assert_close(bias[0, 0, 5, 1], expected)
