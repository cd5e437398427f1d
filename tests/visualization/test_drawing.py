"""Tests of :mod:`mmpretrain.visualization.drawing`."""

from __future__ import annotations

import numpy as np

from mmpretrain.visualization.drawing import draw_caption, rescale


def test_caption_changes_only_the_corner():
    image = np.full((200, 300, 3), 255, np.uint8)
    drawn = draw_caption(image, "a cat")
    assert drawn.shape == image.shape
    assert (drawn[:30, :60] != 255).any()
    assert (drawn[100:] == 255).all()
    assert (image == 255).all()


def test_long_lines_are_shortened():
    image = np.full((100, 100, 3), 255, np.uint8)
    assert (draw_caption(image, "x" * 500)[:, -1] == 255).all()


def test_rescale():
    image = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)
    assert rescale(image, 1) is image
    assert rescale(image, 0.5).shape == (4, 3, 3)
    assert (rescale(image, 10)[::10, ::10] == image).all()
