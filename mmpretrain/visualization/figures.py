"""Figures of matplotlib: saved whole or not at all, and shown where there is a display."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mmpretrain.errors import ConfigError
from mmpretrain.utils.atomic import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Pixels per inch of what is saved.
DPI = 150
#: Styles as older scripts name them, for seaborn.
SEABORN = ("whitegrid", "darkgrid", "white", "dark", "ticks")


def styled(style: str | None) -> AbstractContextManager[object]:
    """Return a context in which axes get a style: one of matplotlib, or of seaborn such as ``whitegrid``.

    Raises:
        ConfigError: If there is no such style.
    """
    from matplotlib import style as styles

    if style is None or style == "default":
        return nullcontext()
    name = f"seaborn-v0_8-{style}" if style in SEABORN else style
    if name not in styles.available:
        raise ConfigError(
            f"there is no style {style!r}", where="--style", hint=f"Choose one of {', '.join(SEABORN)}."
        )
    return styles.context(name)


def new_figure(size: tuple[float, float] = (12, 7), style: str | None = None) -> Figure:
    """Return an empty figure.

    Args:
        size: Width and height in inches.
        style: See :func:`styled`.
    """
    from matplotlib import pyplot as plt

    with styled(style):
        return plt.figure(figsize=size, layout="constrained")


def parse_size(text: str) -> tuple[float, float]:
    """Return inches for the size of a window, ``WIDTH*HEIGHT``, as older scripts take it.

    Raises:
        ConfigError: If it is none.
    """
    try:
        width, height = (float(part) for part in text.replace("x", "*").split("*"))
    except ValueError:
        width = height = 0.0
    if not (0 < width <= 100 and 0 < height <= 100):
        raise ConfigError(
            f"a size is WIDTH*HEIGHT in inches, such as 12*7, got {text!r}", where="--window-size"
        )
    return width, height


def distinct_colours(count: int) -> list[tuple[float, float, float]]:
    """Return colours that can be told apart, as red, green and blue from 0 to 1."""
    import colorsys

    from matplotlib import colormaps

    if count <= 20:
        palette = colormaps["tab10" if count <= 10 else "tab20"]
        return [tuple(palette(index)[:3]) for index in range(count)]  # type: ignore[misc]
    return [
        colorsys.hsv_to_rgb(index / count, 1 - 0.4 * (index % 2), 0.95 - 0.35 * (index % 3) / 2)
        for index in range(count)
    ]


def save(figure: Figure, path: str | Path) -> None:
    """Save a figure; the suffix says how."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=Path(path).suffix.lstrip(".").lower(), dpi=DPI)
    write_atomic(path, lambda file: file.write(buffer.getvalue()))


def close(figure: Figure) -> None:
    """Forget a figure."""
    from matplotlib import pyplot as plt

    plt.close(figure)


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
