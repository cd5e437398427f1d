"""The page about regression."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from mmpretrain.evaluation import ValueRecord
from mmpretrain.reports import write_value_report
from mmpretrain.reports.values import largest_errors, value_row
from tests.reports.conftest import EVIL

TARGETS = np.stack([np.arange(40), 100 * np.arange(40)], axis=1).astype(np.float32)


def record(**changes) -> ValueRecord:
    values = TARGETS + np.tile([[1, -1], [-1, 3]], (20, 1)).astype(np.float32)
    values[7, 0] += 50
    fields = {"values": values, "targets": TARGETS, "names": ("age", EVIL), "paths": (EVIL,) * 40}
    return ValueRecord(**{**fields, "facts": {"command": ["mmpretrain", EVIL]}, **changes})


def test_numbers():
    numbers = {number.name: number for number in value_row(record(), 1).numbers}
    assert numbers["mae"].value == pytest.approx(2)
    assert numbers["rmse"].value == pytest.approx(5**0.5)
    assert numbers["bias"].value == pytest.approx(1)
    assert numbers["r2"].value == pytest.approx(1, abs=1e-5)
    assert numbers["mae"].low <= 2 <= numbers["mae"].high
    assert not numbers["mae"].percent
    assert largest_errors(record())[0] == 7


def test_page(tmp_path):
    write_value_report(record(), tmp_path / "x.html", images=lambda index: np.zeros((8, 8), np.uint8))
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    sections = ["summary", "scatter", "errors", "largest", "facts"]
    assert re.findall(r'<section id="([\w-]+)"', text) == sections, "a single image size makes no groups"
    assert text.count('class="point"') == 80
    assert len(json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])["pictures"]) == 24
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(text)
    assert tags.count("script") == 2
    assert "alert(1)" in text, "it is shown"


@pytest.mark.parametrize("count", [1, 2])
def test_few_samples_and_values_that_are_no_numbers(tmp_path, count):
    values = TARGETS[:count].copy()
    values[0] = np.nan, np.inf
    few = record(values=values, targets=TARGETS[:count], paths=())
    assert largest_errors(few)[0] == 0
    write_value_report(few, tmp_path / "x.html")
    assert (tmp_path / "x.html").stat().st_size > 5000


def test_groups_of_each_value(tmp_path):
    values = TARGETS.copy()
    values[:10, 1] += 70
    sides = {True: 8, False: 40}
    page = tmp_path / "x.html"
    images = lambda index: np.full((sides[index < 10] + index % 3, 40), index, np.uint8)  # noqa: E731
    write_value_report(record(values=values, paths=()), page, images=images)
    text = page.read_text(encoding="utf-8")
    assert '<section id="slices">' in text
    second = text.partition('<section id="slices-1">')[2].partition("<details>")[0]
    assert "70.000" in second
    assert "0.000" in second
