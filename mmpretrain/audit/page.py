"""The page of an audit: pictures of what was found, kind by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.audit.files import summary_of
from mmpretrain.audit.findings import Audit, Finding
from mmpretrain.reports.names import class_name, path_name
from mmpretrain.reports.parts import Pictures, environment, script_data, write
from mmpretrain.reports.words import Language, both

#: Pictures of a kind, and rows of its table.
SHOWN, LISTED = 24, 500


@dataclass(frozen=True)
class Shown:
    """A finding on the page.

    Attributes:
        index: The sample.
        other: The sample that it is the same as.
        name: Of the sample.
        other_name: Of the other.
        part: The part of the sample.
        truth: Its class.
        suggested: The class that it probably has.
        score: How clear it is.
        detail: A few words.
    """

    index: int
    other: int | None
    name: str
    other_name: str
    part: str
    truth: str
    suggested: str
    score: float
    detail: str


def write_page(audit: Audit, root: str, out: Path, language: Language = "en") -> None:
    """Write a page that opens offline.

    Args:
        audit: The audit.
        root: The folder that names are relative to.
        out: The file.
        language: Which of its two languages it shows at first.
    """
    names = audit.samples.short_names(root)
    sections = [
        (kind, count, [_shown(audit, names, one) for one in audit.of_kind(kind)[:LISTED]])
        for kind, count, _ in summary_of(audit)
    ]
    store = Pictures(audit.samples.picture, _in_order(sections))
    content = environment().get_template("audit.html.j2").render(
        title=both("audit"),
        language=language,
        audit=audit,
        sections=sections,
        shown=SHOWN,
        balance=_balance(audit),
        store=store,
        page_data=script_data({}, store),
    )  # fmt: skip
    write(out, content)


def _shown(audit: Audit, names: Any, one: Finding) -> Shown:
    samples = audit.samples
    return Shown(
        index=one.index,
        other=one.other,
        name=path_name(names[one.index]),
        other_name="" if one.other is None else path_name(names[one.other]),
        part=samples.parts[int(samples.part[one.index])],
        truth=class_name(samples.class_of(one.index)),
        suggested="" if one.suggested is None else class_name(samples.classes[one.suggested]),
        score=one.score,
        detail=one.detail,
    )


def _in_order(sections: list[tuple[Any, int, list[Shown]]]) -> Iterator[int]:
    for place in range(SHOWN):
        for _, _, found in sections:
            if place < len(found):
                yield found[place].index
                if found[place].other is not None:
                    yield found[place].other  # type: ignore[misc]


def _balance(audit: Audit) -> list[tuple[str, list[int]]]:
    """Return the number of images of each class in each part."""
    samples = audit.samples
    counts = [
        Counter(label for place in np.flatnonzero(samples.part == part) for label in samples.labels[place])
        for part in range(len(samples.parts))
    ]
    return [(class_name(name), [one[label] for one in counts]) for label, name in enumerate(samples.classes)]
