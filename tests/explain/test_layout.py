"""Where the places of an image are in an output."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.explain.layout import Layout, find_layout, is_grid
from mmpretrain.models.layers.layer_norm import LayerNorm2d


@pytest.mark.parametrize(
    ("shape", "image", "options", "expected"),
    [
        ((1, 64, 7, 7), (224, 224), {}, Layout("channels_first", (7, 7))),
        ((1, 7, 10, 64), (224, 320), {}, Layout("channels_last", (7, 10))),
        ((1, 8, 8, 8), (64, 64), {"module": nn.LayerNorm(8)}, Layout("channels_last", (8, 8))),
        ((1, 8, 8, 8), (64, 64), {"module": LayerNorm2d(8)}, Layout("channels_first", (8, 8))),
        ((1, 49, 64), (224, 224), {}, Layout("tokens", (7, 7))),
        ((1, 48, 64), (96, 128), {}, Layout("tokens", (6, 8))),
        ((1, 49, 64), (96, 128), {"extras": (1,)}, Layout("tokens", (6, 8), 1)),
        ((1, 49, 64), (96, 128), {"extras": (0, 1)}, Layout("tokens", (6, 8), 1)),
        ((1, 36, 64), (64, 144), {}, Layout("tokens", (4, 9))),
        ((1, 36, 64), (64, 144), {"grids": [(3, 12)]}, Layout("tokens", (3, 12))),
        ((1, 37, 64), (96, 96), {"extras": (2,)}, None),
        ((1, 64), (96, 96), {}, None),
    ],
)
def test_layouts(shape, image, options, expected):
    assert find_layout(torch.zeros(shape), image, **options) == expected


def test_maps():
    tokens = torch.arange(7.0).view(1, 7, 1)
    layout = Layout("tokens", (2, 3), 1)
    assert layout.to_map(tokens).tolist() == [[[[1, 2, 3], [4, 5, 6]]]]
    image = torch.rand(2, 3, 4, 5)
    assert torch.equal(Layout("channels_last", (4, 5)).to_map(image.permute(0, 2, 3, 1)), image)


def test_a_dropped_channel_is_zero_at_all_places_of_its_image():
    tokens = torch.ones(2, 7, 3)
    changed = Layout("tokens", (2, 3), 1).drop_channels(tokens, torch.tensor([0, 2]))
    assert changed[0, 1:, 0].eq(0).all()
    assert changed[1, 1:, 2].eq(0).all()
    assert changed.sum() == tokens.sum() - 12
    assert tokens.eq(1).all()


@pytest.mark.parametrize(
    ("grid", "image", "expected"),
    [
        ((7, 7), (224, 224), True),
        ((4, 9), (100, 224), True),
        ((7, 12), (224, 224), False),
        ((300, 300), (224, 224), False),
    ],
)
def test_one_stride_fits_both_sides(grid, image, expected):
    assert is_grid(grid, image) is expected
