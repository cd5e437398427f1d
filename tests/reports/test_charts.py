"""Charts as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from mmpretrain.reports.charts import Axis, bars, legend, lines
from mmpretrain.reports.summary import Curve


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 7), (0, 1e-6), (10, 100000), (0.97, 1.0)])
def test_ticks_are_few_round_and_inside(low, high):
    ticks = Axis("", low, high).ticks()
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-9 <= tick <= high * (1 + 1e-9) + 1e-12 for tick in ticks)


def test_axis_around_values():
    assert Axis.around([1, 5, float("nan"), float("inf")]) == Axis("", 1, 5)
    equal = Axis.around([2, 2])
    assert (equal.low, equal.high) == pytest.approx((1.8, 2.2)), "the line lies in the middle"
    assert Axis.around([0]) == Axis("", -1, 1)
    assert Axis.around([]) == Axis("", 0, 1)


def test_lines_stay_inside_and_are_well_formed():
    curve = Curve("<a>", [0, 0.5, 1], [0, float("nan"), 1])
    chart = lines([curve], Axis("x"), Axis("y"), "Title <1>", diagonal=True)
    root = ET.fromstring(chart)
    points = next(element for element in root if element.tag == "polyline").attrib["points"]
    assert points == "44.0,260.0 350.0,10.0"
    assert root.attrib["aria-label"] == "Title"
    assert "<a>" not in chart


def test_bars_without_samples_are_left_out():
    chart = bars([0.5, 0.0, 1.0], [3, 0, 2], Axis(), Axis(), "Bars")
    assert re.findall(r"<title>(.*?)</title>", chart) == ["0.500 (3)", "1.000 (2)"]
    ET.fromstring(chart)


def test_legend_escapes():
    assert "&lt;b&gt;" in legend(["<b>"])
