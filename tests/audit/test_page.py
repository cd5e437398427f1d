"""The page of an audit in a browser."""

from __future__ import annotations

import cv2
import pytest

from mmpretrain.audit import audit
from mmpretrain.audit.page import write_page
from tests.audit.cases import drawing, read, write_parts
from tests.reports.browser import colours_of_screenshot, needs_browser, seen_after

#: Opens a list, sorts it and the table of classes, turns the language, and writes down what is seen.
_CLICKS = """
const list = document.querySelector("#leak details");
list.querySelector("summary").click();
const names = () => [...list.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent);
const head = list.querySelector("th button");
head.click();
const up = names();
head.click();
const down = names();
const rows = () => [...document.querySelectorAll("#balance tbody tr")];
const counts = () => rows().map((row) => Number(row.cells[1].textContent));
document.querySelectorAll("#balance th button")[1].click();
const sorted = counts();
document.getElementById("language").click();
const seen = {up, down, sorted, open: list.open, heading: document.querySelector("#balance h2").innerText,
  loaded: [...document.images].every((image) => image.src.startsWith("data:")),
  images: document.images.length, target: document.querySelector('a.tile[href="#leak"]').innerText};
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    root = write_parts(tmp_path_factory.mktemp("data"), train=14, val=4)
    for number in range(3):
        image = cv2.imread(str(root / "val" / "disc" / f"{number:03d}.png"))
        assert image is not None
        cv2.imwrite(str(root / "train" / "disc" / f"copy{number}.jpg"), image)
    cv2.imwrite(str(root / "train" / "cross" / "more.png"), drawing("cross", 77))
    (root / "train" / "cross" / "broken.png").write_bytes(b"no image")
    out = root.parent / f"{root.name}.html"
    write_page(audit(read(root)), str(root), out)
    return out


@needs_browser
def test_in_a_browser(page, tmp_path):
    seen = seen_after(page, tmp_path, _CLICKS)
    assert seen["up"] == [f"train/disc/copy{number}.jpg" for number in range(3)]
    assert seen["down"] == seen["up"][::-1]
    assert seen["sorted"] == [16, 17]
    assert seen["open"]
    assert seen["heading"] == "各类别的图像数"
    assert seen["images"] >= 6
    assert seen["loaded"]
    assert "3" in seen["target"]


@needs_browser
@pytest.mark.parametrize("size", ["1000,1600", "390,1600"])
def test_screenshot(page, size, tmp_path):
    assert colours_of_screenshot(page, tmp_path, size) > 50, "it is blank"
