"""Tests of :mod:`mmpretrain.models.layers.graph_conv`."""

from __future__ import annotations

import torch

from mmpretrain.models.layers.graph_conv import DyGraphConv2d, nearest, relative_grid_distance


def test_nearest_neighbours_and_their_dilation():
    x = torch.tensor([[[1.0, 0.9, 0.0, -1.0], [0.0, 0.1, 1.0, 0.0]]])
    assert nearest(x, x, 3)[0].tolist()[0] == [0, 1, 2]
    assert nearest(x, x, 9).shape == (1, 4, 4)
    conv = DyGraphConv2d(4, 4, 2, 2, "mr", torch.nn.ReLU, None)
    assert conv.choose(torch.arange(4).view(1, 1, 4)).tolist() == [[[0, 2]]]


def test_positions_that_are_close_are_alike():
    alike = relative_grid_distance(3, 16)
    assert alike.shape == (9, 9)
    torch.testing.assert_close(alike.diagonal(), torch.ones(9))
    assert alike[0, 1] > alike[0, 2]
    torch.testing.assert_close(alike, alike.T)
