"""What the pages have in common: pictures, templates, facts."""

from __future__ import annotations

import json
import math
import shlex
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
from mmpretrain.reports.names import class_name, path_name
from mmpretrain.reports.words import WORDS, both
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.text import lines, visible

#: Returns the path or the pixels of the image of a sample, by its index.
ImageSource: TypeAlias = "Callable[[int], Source | None]"
#: Most pictures of a page, rows of facts, and characters of a command and of a config.
PICTURES, FACTS, COMMAND, CONFIG = 400, 100, 4000, 200_000
#: Curves that say nothing about how good a model is.
OF_OPTIMIZER = ("lr", "base_lr", "momentum", "grad_norm")


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
    """Return the name of the config, of finetune the name of the folder, or else that it is a report."""
    config = facts.get("config")
    file = config.get("file") if isinstance(config, Mapping) else None
    if not isinstance(file, str) or not file:
        return both("report")
    path = Path(file[-1000:])
    planned = path.parent.name == "plan" and path.parent.parent.name  # the config that finetune wrote
    return class_name(planned or path.stem)


def training_charts(history: History) -> list[tuple[str, Markup]]:
    """Draw each curve of a training, and return it with its name."""
    drawn = []
    for name, curve in sorted(history.curves.items(), key=lambda item: _order(item[0])):
        if name == "base_lr" and "lr" in history.curves:
            continue
        axes = Axis.around(curve.x, history.steps[name]), Axis.around(curve.y)
        drawn.append((class_name(name), charts.lines([curve], *axes, name)))
    return drawn


def _order(name: str) -> int:
    """Losses come first, then metrics, then what the optimizer did."""
    if name in OF_OPTIMIZER:
        return 2
    return 0 if "loss" in name else 1


def script_data(cells: Mapping[str, Any], store: Pictures, **more: Any) -> Markup:
    """Return JSON that can stand inside a script element, whatever its texts are."""
    text = json.dumps({"cells": cells, "pictures": store.urls, "numbers": store.number, **more})
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def facts_of(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return facts as names and texts, without the metrics, the command and the text of the config."""
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if name not in ("metrics", "command"):
            _add_facts(rows, str(name), value)
    return [(path_name(name), path_name(text)) for name, text in rows[:FACTS]]


def _add_facts(rows: list[tuple[str, str]], name: str, value: Any, depth: int = 3) -> None:
    if name == "config.text":
        return
    if isinstance(value, Mapping) and depth:
        for key, item in value.items():
            _add_facts(rows, f"{name}.{key}", item, depth - 1)
    else:
        rows.append((name, " ".join(map(str, value)) if isinstance(value, list) else str(value)))


def command_of(facts: Mapping[str, Any]) -> str:
    """Return what was typed, ready to be typed again; empty if that is not known."""
    words = facts.get("command")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return ""
    command = shlex.join([Path(words[0]).name, *words[1:]] if words else [])
    return visible(command[:COMMAND])


def config_of(facts: Mapping[str, Any]) -> str:
    """Return the text of the config; empty if that is not known."""
    config = facts.get("config")
    text = config.get("text") if isinstance(config, Mapping) else None
    return lines(text[:CONFIG]) if isinstance(text, str) else ""
