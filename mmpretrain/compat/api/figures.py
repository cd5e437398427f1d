"""Figures of matplotlib, and the size of what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def get_adaptive_scale(img_shape: Sequence[int], min_scale: float = 0.3, max_scale: float = 3.0) -> float:
    """Return how much larger than on 224 pixels things are drawn on an image.

    Args:
        img_shape: (height, width).
        min_scale: The least.
        max_scale: The most.
    """
    return min(max(min(img_shape) / 224.0, min_scale), max_scale)


def create_figure(*args: Any, margin: bool = False, **kwargs: Any) -> Any:
    """Return a figure that does not appear on its own, with a canvas to read its pixels from.

    Args:
        *args: Arguments of :class:`matplotlib.figure.Figure`.
        margin: Keep the margins around the axes.
        **kwargs: The same, by name.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(*args, **kwargs)
    FigureCanvasAgg(figure)
    if not margin:
        figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
    return figure
