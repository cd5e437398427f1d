"""Figures of matplotlib: saved whole or not at all, and shown where there is a display."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from mmpretrain.errors import ConfigError
from mmpretrain.utils.atomic import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Pixels per inch of what is saved.
DPI = 150


def new_figure(size: tuple[float, float] = (12, 7), style: str | None = None) -> Figure:
    """Return an empty figure.

    Args:
        size: Width and height in inches.
        style: A style of matplotlib, or of seaborn as older scripts name it: ``whitegrid``.

    Raises:
        ConfigError: If there is no such style.
    """
    from matplotlib import pyplot as plt

    if style is not None:
        known = {"whitegrid", "darkgrid", "white", "dark", "ticks"}
        name = f"seaborn-v0_8-{style}" if style in known else style
        if name != "default" and name not in plt.style.available:
            raise ConfigError(
                f"there is no style {style!r}", hint=f"Choose one of {', '.join(sorted(known))}."
            )
        with plt.style.context(name):
            return plt.figure(figsize=size, layout="constrained")
    return plt.figure(figsize=size, layout="constrained")


def parse_size(text: str) -> tuple[float, float]:
    """Return inches for the size of a window, ``WIDTH*HEIGHT``, as older scripts take it.

    Raises:
        ConfigError: If it is none.
    """
    parts = text.replace("x", "*").split("*")
    try:
        width, height = (float(part) for part in parts)
    except ValueError:
        width = height = 0.0
    if not (0 < width <= 100 and 0 < height <= 100):
        raise ConfigError(
            f"a size is WIDTH*HEIGHT in inches, such as 12*7, got {text!r}", where="--window-size"
        )
    return width, height


def save(figure: Figure, path: str | Path) -> None:
    """Save a figure; the suffix says how."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=Path(path).suffix.lstrip(".").lower(), dpi=DPI)
    write_atomic(path, lambda file: file.write(buffer.getvalue()))


def require_display() -> None:
    """Check that there is a display to show pictures on.

    Raises:
        ConfigError: If there is none.
    """
    import matplotlib

    if matplotlib.get_backend().lower() in {"agg", "pdf", "svg", "ps", "template", "cairo", "pgf"}:
        raise ConfigError("there is no display to show a picture on", hint="Save it to a file instead.")


def show() -> None:
    """Show all figures, until they are closed."""
    require_display()
    from matplotlib import pyplot as plt

    plt.show()
