"""The page that compares models: what is in it, and what a browser makes of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from mmpretrain.errors import DataError
from mmpretrain.evaluation import Record, ValueRecord
from mmpretrain.reports import write_comparison
from tests.reports.browser import colours_of_screenshot, needs_browser, seen_after
from tests.reports.conftest import EVIL


@pytest.fixture(scope="module")
def values() -> dict[str, ValueRecord]:
    random = np.random.RandomState(0)
    targets = random.rand(40, 2).astype(np.float32)
    noise = random.randn(40, 2).astype(np.float32)
    one = ValueRecord(targets + 0.1 * noise, targets, names=("age", EVIL))
    return {"close": one, EVIL: dataclasses.replace(one, values=targets + noise)}


@pytest.fixture(scope="module")
def pages(record, values, tmp_path_factory) -> dict[str, Path]:
    """A page of each kind: classes, several labels, values."""
    folder = tmp_path_factory.mktemp("compare")
    for name, steps in {"a": 3, "b": 5}.items():
        log = folder / name / "20260101" / "vis_data" / "scalars.json"
        log.parent.mkdir(parents=True)
        log.write_text("\n".join(json.dumps({"loss": 1 / i, "step": i, "iter": i}) for i in range(1, steps)))
    perfect = dataclasses.replace(record, scores=np.eye(3, dtype=np.float32)[record.targets])
    runs = {EVIL: folder / "a", "perfect": folder / "b"}
    write_comparison({EVIL: record, "perfect": perfect}, folder / "classes.html", runs=runs)
    several = np.eye(3, dtype=np.int8)[record.targets]
    both = {name: dataclasses.replace(one, targets=several) for name, one in [("a", record), ("b", perfect)]}
    write_comparison(both, folder / "several.html")
    write_comparison(values, folder / "values.html", images=lambda index: np.full((9, 9), index, np.uint8))
    return {path.stem: path for path in folder.glob("*.html")}


def test_what_is_in_them(pages):
    text = pages["classes"].read_text(encoding="utf-8")
    assert '<section id="training">' in text
    assert text.partition('<section id="training">')[2].partition("</section>")[0].count("<polyline") == 2
    several = pages["several"].read_text(encoding="utf-8")
    assert "counts as right if all of its labels are" in several
    text = pages["values"].read_text(encoding="utf-8")
    assert "<h3>age</h3>" in text
    assert "alert(1)" in text
    assert "<img src=x" not in text


def test_kinds_are_not_mixed(record, values, tmp_path):
    mixed: dict[str, Record | ValueRecord] = {"classes": record, "values": values["close"]}
    with pytest.raises(DataError, match="one predicts classes, the other one numbers"):
        write_comparison(mixed, tmp_path / "x.html")  # type: ignore[arg-type]


#: Sorts the first table by its second column, turns the language, and writes down what is seen.
_CLICKS = """
const table = document.querySelector("table.sortable");
const head = table.querySelectorAll("th")[1];
const column = () => [...table.tBodies[0].rows].map((row) => Number.parseFloat(row.cells[1].textContent));
head.firstElementChild.click();
const up = column();
head.firstElementChild.click();
const down = column();
document.getElementById("language").click();
const seen = {up, down, heading: document.querySelector("#models h2").innerText,
  loaded: [...document.images].every((image) => image.src.startsWith("data:")),
  images: document.images.length};
"""


@needs_browser
@pytest.mark.parametrize("name", ["classes", "several", "values"])
def test_in_a_browser(pages, name, tmp_path):
    seen = seen_after(pages[name], tmp_path, _CLICKS)
    assert seen["up"] == sorted(seen["up"])
    assert seen["down"] == sorted(seen["up"], reverse=True)
    assert seen["heading"] == "模型"
    assert seen["images"] > 10
    assert seen["loaded"]
    assert colours_of_screenshot(pages[name], tmp_path) > 50, "it is blank"
