"""Pages: what is in them, that nothing of strangers runs, and what a browser makes of them."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmpretrain.evaluation.record import Record
from mmpretrain.reports import galleries, no_images, write_comparison, write_report
from tests.reports.conftest import EVIL

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


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


def browse(page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", *options, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


#: Sorts the table by recall, opens a cell, turns the language, and writes down what is seen.
_CLICKS = """
<script>
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
document.body.insertAdjacentHTML("beforeend", "<pre id='seen'></pre>");
document.getElementById("seen").textContent = JSON.stringify({up, down, cell, loaded, heading});
</script>
"""


@needs_browser
def test_in_a_browser(page, tmp_path):
    clicked = tmp_path / "clicked.html"
    text = page.read_text(encoding="utf-8").replace("</body>", _CLICKS + "</body>")
    clicked.write_text(text, encoding="utf-8")
    done = browse(clicked, tmp_path, "--dump-dom")
    assert "CONSOLE" not in done.stderr, done.stderr
    seen = json.loads(re.findall(r'<pre id="seen">(.*?)</pre>', done.stdout)[0])
    assert seen["up"] == sorted(seen["up"])
    assert seen["down"] == sorted(seen["up"], reverse=True)
    assert seen["cell"] > 0
    assert seen["loaded"]
    assert seen["heading"] == "混淆矩阵"


@needs_browser
@pytest.mark.parametrize("name", ["page", "comparison"])
def test_screenshot(name, request, tmp_path):
    picture = tmp_path / "page.png"
    shot = f"--screenshot={picture}"
    done = browse(request.getfixturevalue(name), tmp_path, "--window-size=1000,1600", shot)
    assert "CONSOLE" not in done.stderr, done.stderr
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50, "it is blank"
