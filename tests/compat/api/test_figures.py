"""Figures and sizes, as visualizers of users ask for them."""

from __future__ import annotations

import numpy as np
import pytest
from mmpretrain.visualization.utils import create_figure, get_adaptive_scale


def test_scale():
    assert get_adaptive_scale((448, 900)) == 2
    assert get_adaptive_scale((10, 10)) == 0.3
    assert get_adaptive_scale((5000, 5000)) == 3


def test_figure():
    pytest.importorskip("matplotlib")
    figure = create_figure(figsize=(2, 1), dpi=50, frameon=False)
    figure.add_subplot(111).imshow(np.zeros((4, 8)))
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba()).shape == (50, 100, 4)
    assert figure.subplotpars.left == 0
