"""What the pages have in common: pictures, templates, facts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
from markupsafe import Markup

from mmpretrain.reports import charts
from mmpretrain.reports.charts import Axis
from mmpretrain.reports.history import History
from mmpretrain.reports.images import Source, thumbnails
from mmpretrain.reports.words import WORDS, both
from mmpretrain.utils.atomic import write_atomic

#: Returns the path or the pixels of the image of a sample, by its index.
ImageSource: TypeAlias = "Callable[[int], Source | None]"
#: Most pictures of a page.
PICTURES = 400


class Pictures:
    """Small pictures of samples, each kept once; a page refers to them by number."""

    def __init__(self, images: ImageSource, indices: Iterable[int]) -> None:
        wanted = list(dict.fromkeys(indices))[:PICTURES]
        sources = {index: source for index in wanted if (source := images(index)) is not None}
        made = zip(sources, thumbnails(list(sources.values()), "Pictures"))
        kept = {index: url for index, url in made if url is not None}
        self.urls = list(kept.values())
        self.number = {index: number for number, index in enumerate(kept)}


def no_images(index: int) -> None:
    """Have no image for any sample."""


def paths_of(paths: Sequence[str]) -> ImageSource:
    """Return where the images of a record are, by the paths in it."""
    return lambda index: paths[index] if paths else None


@cache
def environment() -> jinja2.Environment:
    """Return the templates, with the words and the filters that they use."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(t=both)
    environment.tests.update(word=lambda key: key in WORDS)
    environment.filters.update(number=_number, p=lambda value: f"{value:.2g}")
    return environment


def _number(value: float, percent: bool = True) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.1f}" if percent else f"{value:.3f}"


def write(out: str | Path, content: str) -> None:
    """Write a page atomically."""
    # Names of files on Linux need not be text: what cannot be written shows as a question mark.
    data = content.encode("utf-8", "replace")
    write_atomic(out, lambda file: file.write(data))


def title_of(facts: Mapping[str, Any]) -> str | Markup:
    """Return the name of the config, or else that it is a report."""
    config = facts.get("config")
    file = config.get("file") if isinstance(config, Mapping) else None
    return Path(file).stem if isinstance(file, str) and file else both("report")


def training_charts(history: History) -> list[tuple[str, Markup]]:
    """Draw each curve of a training, and return it with its name."""
    drawn = []
    for name, curve in history.curves.items():
        axes = Axis.around(curve.x, history.steps[name]), Axis.around(curve.y)
        drawn.append((name, charts.lines([curve], *axes, name)))
    return drawn


def script_data(cells: Mapping[str, Any], store: Pictures) -> Markup:
    """Return JSON that can stand inside a script element, whatever its texts are."""
    text = json.dumps({"cells": cells, "pictures": store.urls, "numbers": store.number})
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def facts_of(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return facts as names and texts, without the metrics and the text of the config."""
    rows = []
    for name, value in facts.items():
        if name == "metrics":
            continue
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        for key, item in inner:
            if (name, key) == ("config", "text"):
                continue
            text = " ".join(map(str, item)) if isinstance(item, list) else str(item)
            if isinstance(item, Mapping):
                text = json.dumps(item, ensure_ascii=False, default=str)
            rows.append((f"{name}.{key}" if key else name, text[:2000]))
    return rows
