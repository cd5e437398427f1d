"""Line charts and bars as SVG text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from mmpretrain.reports.summary import Curve

#: Size of a chart, and of its margins for labels: left, top, right, bottom.
WIDTH, HEIGHT = 360, 300
LEFT, TOP, RIGHT, BOTTOM = 44, 10, 10, 40
#: Class of the n-th line, which gives it its colour.
COLOURS = 8


@dataclass(frozen=True)
class Axis:
    """Range and label of an axis.

    Attributes:
        label: Text under or beside it; may be markup.
        low: Smallest value.
        high: Largest value.
    """

    label: Markup | str = ""
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def around(cls, values: Sequence[float], label: Markup | str = "") -> Axis:
        """Return an axis that holds all finite values."""
        finite = [value for value in values if math.isfinite(value)]
        low, high = min(finite, default=0.0), max(finite, default=1.0)
        margin = 0.0 if high > low else abs(low) / 10 or 1.0
        return cls(label, low - margin, high + margin)

    def share(self, value: float) -> float:
        """Return where a value lies, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return about five round values."""
        step = 10 ** math.floor(math.log10((self.high - self.low) / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if (self.high - self.low) / (step * factor) <= 5)
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _place(x: Axis, y: Axis, across: float, up: float) -> tuple[float, float]:
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return LEFT + width * x.share(across), TOP + height * (1 - y.share(up))


#: Parts of a chart, by name.
_SVG = {
    "chart": '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
    "straight": '<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>',
    "tick": '<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="{}">{:.4g}</text>',
    "label": '<foreignObject x="{}" y="{}" width="{}" height="20"><div class="axis">{}</div></foreignObject>',
    "line": '<polyline class="line c{}" points="{}"><title>{}</title></polyline>',
    "point": '<circle class="point" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>',
    "bar": '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>',
}


def _svg(part: str, *values: object) -> Markup:
    return Markup(_SVG[part]).format(*values)


def _frame(x: Axis, y: Axis, inside: Sequence[Markup], title: Markup | str) -> Markup:
    """Put axes around what is drawn."""
    left, bottom = _place(x, y, x.low, y.low)
    right, top = _place(x, y, x.high, y.high)
    parts = []
    for value in x.ticks():
        at, _ = _place(x, y, value, y.low)
        parts.append(_svg("straight", "grid", at, top, at, bottom))
        parts.append(_svg("tick", at, bottom + 14, "middle", value))
    for value in y.ticks():
        _, at = _place(x, y, x.low, value)
        parts.append(_svg("straight", "grid", left, at, right, at))
        parts.append(_svg("tick", left - 5, at + 3, "end", value))
    parts.append(_svg("label", LEFT, HEIGHT - 20, WIDTH - LEFT - RIGHT, x.label))
    return _svg("chart", WIDTH, HEIGHT, Markup(title).striptags(), Markup("").join([*parts, *inside]))


def _diagonal(x: Axis, y: Axis) -> Markup:
    return _svg("straight", "diagonal", *_place(x, y, x.low, y.low), *_place(x, y, x.high, y.high))


def lines(
    curves: Sequence[Curve], x: Axis, y: Axis, title: Markup | str, *, diagonal: bool = False
) -> Markup:
    """Draw curves; the first is thick.

    Args:
        curves: What to draw.
        x: The axis across.
        y: The axis up.
        title: What it shows, for screen readers.
        diagonal: Whether to draw the line from corner to corner.
    """
    parts = [_diagonal(x, y)] if diagonal else []
    for index, curve in reversed(list(enumerate(curves))):
        points = [_place(x, y, *point) for point in zip(curve.x, curve.y) if all(map(math.isfinite, point))]
        path = " ".join(f"{across:.1f},{up:.1f}" for across, up in points)
        parts.append(_svg("line", index % COLOURS, path, curve.name))
    return _frame(x, y, parts, title)


def points(x: Sequence[float], y: Sequence[float], axes: tuple[Axis, Axis], title: Markup | str) -> Markup:
    """Draw points, and the line on which both numbers are equal if the axes have one range.

    Args:
        x: Where they are across.
        y: Where they are up.
        axes: The axis across, and the axis up.
        title: What it shows, for screen readers.
    """
    across, up = axes
    parts = [_diagonal(across, up)] if (across.low, across.high) == (up.low, up.high) else []
    size = 3 if len(x) < 500 else 1.5
    for pair in zip(x, y):
        if all(map(math.isfinite, pair)):
            parts.append(_svg("point", *_place(across, up, *pair), size, f"{pair[0]:.4g}, {pair[1]:.4g}"))
    return _frame(across, up, parts, title)


def bars(
    heights: Sequence[float],
    counts: Sequence[float],
    x: Axis,
    y: Axis,
    title: Markup | str,
    *,
    diagonal: bool = True,
) -> Markup:
    """Draw bars of equal width over the axis across; those without a count are left out.

    Args:
        heights: Height of each bar.
        counts: How many samples it stands for, shown beside the pointer.
        x: The axis across.
        y: The axis up.
        title: What it shows, for screen readers.
        diagonal: Whether to draw the line from corner to corner.
    """
    parts = []
    step = (x.high - x.low) / max(len(heights), 1)
    for index, (height, count) in enumerate(zip(heights, counts)):
        if count:
            left, top = _place(x, y, x.low + index * step, height)
            right, bottom = _place(x, y, x.low + (index + 1) * step, y.low)
            size = right - left - 2, max(bottom - top, 0.5)
            parts.append(_svg("bar", left + 1, top, *size, f"{height:.3f} ({count:.0f})"))
    return _frame(x, y, [*parts, _diagonal(x, y)] if diagonal else parts, title)


def legend(names: Sequence[Markup | str]) -> Markup:
    """Return the names of lines beside their colours."""
    items = [
        Markup('<li><i class="c{}"></i>{}</li>').format(index % COLOURS, escape(name))
        for index, name in enumerate(names)
    ]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))
