"""Pages: what is in them, that nothing of strangers runs, and what a browser makes of them."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mmpretrain.evaluation.record import Record
from mmpretrain.reports import galleries, no_images, write_comparison, write_report
from tests.reports.browser import colours_of_screenshot, needs_browser, seen_after
from tests.reports.conftest import EVIL


class Elements(HTMLParser):
    """Collects the elements of a page, and the texts of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(record, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(record, path)
    return path


@pytest.fixture(scope="module")
def comparison(record, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    perfect = dataclasses.replace(record, scores=np.eye(3, dtype=np.float32)[record.targets])
    write_comparison({EVIL: record, "perfect": perfect}, path)
    return path


def test_sections(page):
    text = page.read_text(encoding="utf-8")
    sections = re.findall(r'<section id="([\w-]+)"', text)
    assert sections == [
        "summary", "per-class", "confusion", "curves", "reliability", "mistakes", "suspects", "unsure",
        "best-and-worst", "slices", "facts",
    ]  # fmt: skip
    data = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])
    assert len(data["pictures"]) == len(data["numbers"]) > 20
    assert set(data["cells"]) >= {"0,0", "1,1", "2,2", "0,1"}


@pytest.mark.parametrize("name", ["page", "comparison"])
def test_nothing_of_strangers_becomes_an_element(name, request):
    text = request.getfixturevalue(name).read_text(encoding="utf-8")
    elements = Elements(text).found
    assert [attrs.get("type") for tag, attrs in elements if tag == "script"] == ["application/json", None]
    assert not any("onerror" in attrs for _, attrs in elements)
    assert all("src" not in attrs for tag, attrs in elements if tag == "img")
    assert "b" not in {tag for tag, _ in elements} or "<b>牛" not in text
    assert "alert(1)" in text, "it is shown"


@pytest.mark.parametrize("name", ["page", "comparison"])
def test_nothing_comes_from_the_network(name, request):
    elements = Elements(request.getfixturevalue(name).read_text(encoding="utf-8")).found
    names = {"src", "href", "data", "action"}
    links = [value for _, attrs in elements for key, value in attrs.items() if key in names]
    assert all(link is not None and link.startswith("data:") for link in links)
    policy = next(attrs["content"] for tag, attrs in elements if attrs.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_many_classes_several_labels_no_images(tmp_path):
    random = np.random.RandomState(0)
    scores = random.rand(300, 100).astype(np.float32)
    write_report(Record(scores, random.randint(0, 100, 300)), tmp_path / "many.html")
    text = (tmp_path / "many.html").read_text(encoding="utf-8")
    body = text.partition("<main>")[2].partition("<script")[0]
    assert 'class="matrix"' not in body
    assert '<canvas id="matrix-picture" data-classes="100">' in body
    assert "Most confused pairs" in text
    data = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])
    assert sum(data["matrix"][2]) == 300
    assert set(data["cells"]) == set(re.findall(r'data-cell="(.*?)"', body)), (
        "each pair of the list can be opened"
    )
    write_report(Record(scores, (scores > 0.9).astype(np.int8)), tmp_path / "several.html", images=no_images)
    assert 'id="confusion"' not in (tmp_path / "several.html").read_text(encoding="utf-8")


def test_pixels_instead_of_files(record, tmp_path):
    plain = dataclasses.replace(record, paths=())
    write_report(plain, tmp_path / "x.html", images=lambda index: np.full((8, 8), index, np.uint8))
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "data:image/jpeg" in text


def test_names_that_are_no_text(record, tmp_path):
    paths = ("bad\udcff.png", *record.paths[1:])
    write_report(dataclasses.replace(record, paths=paths), tmp_path / "x.html")
    assert r"bad\udcff.png" in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_maps_and_leaks(record, tmp_path):
    """What mistakes rest on stands below them; leaks of an audit are shown, and its names escaped."""
    mistakes = galleries.surest_mistakes(record)[:2]
    maps = {index: np.full((9, 9, 3), 250, np.uint8) for index in mistakes}
    leaked = "/".join(record.paths[5].split("/")[-2:])
    lines = ["kind,name,other", f"leak,train/x.png,{leaked}", "<b>evil</b>,x,"]
    (tmp_path / "audit.csv").write_text("\n".join(lines), encoding="utf-8")
    write_report(record, tmp_path / "x.html", maps=maps, audit=tmp_path)
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    data = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])
    numbers = [data["numbers"][str(len(record) + place)] for place in range(2)]
    part = text.partition('<section id="mistakes">')[2].partition("</section>")[0]
    assert all(f'data-picture="{number}"' in part for number in numbers)
    part = text.partition('<section id="audit">')[2].partition("</section>")[0]
    assert f'data-picture="{data["numbers"]["5"]}"' in part
    assert "1 <span" in part
    assert "&lt;b&gt;evil" in part
    assert "<b>evil" not in text


def test_leaks_that_a_test_has_found(record, tmp_path):
    write_report(record, tmp_path / "x.html", leaked=[5, 7])
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    part = text.partition('<section id="audit">')[2].partition("</section>")[0]
    assert part.count("<figure") == 2
    assert "2 <span" in part
    write_report(record, tmp_path / "y.html", leaked=[])
    part = (tmp_path / "y.html").read_text(encoding="utf-8").partition('<section id="audit">')[2]
    assert "None." in part.partition("</section>")[0]


#: Sorts the table by recall, opens a cell, turns the language, and writes down what is seen.
_CLICKS = """
const lines = () => [...document.querySelectorAll("#per-class tbody tr")];
const rows = () => lines().map((line) => Number.parseFloat(line.cells[4].textContent));
const head = document.querySelectorAll("#per-class th")[4];
head.firstElementChild.click();
const up = rows();
head.firstElementChild.click();
const down = rows();
document.querySelector('[data-cell="0,1"]').click();
const cell = document.querySelectorAll("#cell img").length;
const loaded = [...document.images].every((image) => image.src.startsWith("data:"));
document.getElementById("language").click();
const heading = document.querySelector("#confusion h2").innerText;
const seen = {up, down, cell, loaded, heading};
"""


@needs_browser
def test_in_a_browser(page, tmp_path):
    seen = seen_after(page, tmp_path, _CLICKS)
    assert seen["up"] == sorted(seen["up"])
    assert seen["down"] == sorted(seen["up"], reverse=True)
    assert seen["cell"] > 0
    assert seen["loaded"]
    assert seen["heading"] == "混淆矩阵"


@needs_browser
@pytest.mark.parametrize("size", ["1000,1600", "390,1600"])
def test_screenshot(page, size, tmp_path):
    assert colours_of_screenshot(page, tmp_path, size) > 50, "it is blank"


#: Clicks the picture of a matrix in the middle of a cell, and a number in the list of pairs.
_MANY = """
const canvas = document.getElementById("matrix-picture");
const place = canvas.getBoundingClientRect();
const edge = place.width / 80;
const point = {clientX: place.left + 8.5 * edge, clientY: place.top + 7.5 * edge, bubbles: true};
canvas.dispatchEvent(new MouseEvent("click", point));
const title = document.querySelector("#cell h3").textContent;
const [across, down] = [canvas.width / 80 * 8.5, canvas.height / 80 * 7.5];
const pixel = [...canvas.getContext("2d").getImageData(across, down, 1, 1).data];
document.querySelector('button.link[data-cell="7,8"]').click();
const zoom = document.getElementById("zoom");
zoom.value = 2;
zoom.dispatchEvent(new Event("input"));
const seen = {title, pixel, images: document.querySelectorAll("#cell img").length,
  zoomed: canvas.getBoundingClientRect().width / place.width};
"""


@needs_browser
def test_many_classes_in_a_browser(tmp_path):
    labels = np.arange(160) % 80
    scores = np.eye(80, dtype=np.float32)[np.where(labels == 7, 8, labels)]
    write_report(Record(scores, labels), tmp_path / "x.html", images=lambda i: np.full((8, 8), i, np.uint8))
    seen = seen_after(tmp_path / "x.html", tmp_path, _MANY)
    assert seen["title"] == "7 → 8: 2"
    assert seen["pixel"][0] > 150, "a mistake is red"
    assert seen["images"] == 2
    assert seen["zoomed"] == pytest.approx(2, rel=0.01)
