"""From the numbers to one HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from mmpretrain.evaluation.record import Record
from mmpretrain.reports import charts, galleries, matrix
from mmpretrain.reports.audits import audit_of_leaks, read_audit
from mmpretrain.reports.charts import Axis
from mmpretrain.reports.history import History, read_history
from mmpretrain.reports.measured import measure_some
from mmpretrain.reports.names import with_shown_names
from mmpretrain.reports.parts import (
    ImageSource,
    Pictures,
    command_of,
    config_of,
    environment,
    facts_of,
    paths_of,
    script_data,
    title_of,
    training_charts,
    write,
)
from mmpretrain.reports.slices import find_slices
from mmpretrain.reports.summary import (
    ClassRow,
    Curve,
    Summary,
    confused_pairs,
    is_ordinal,
    summarize,
)
from mmpretrain.reports.words import Language, both

#: Most rows of the table of confused pairs, and of the table of classes.
PAIRS, ROWS = 50, 2000


def write_report(
    record: Record,
    out: str | Path,
    *,
    title: str = "",
    language: Language = "en",
    run: str | Path | None = None,
    images: ImageSource | None = None,
    maps: Mapping[int, np.ndarray] | None = None,
    audit: str | Path | None = None,
    leaked: Sequence[int] | None = None,
) -> None:
    """Write a report that opens offline: one HTML file, without anything from the network.

    Args:
        record: The predictions with the truth.
        out: The file.
        title: Its heading; by default the name of the config.
        language: Which of its two languages it shows at first.
        run: Folder of the run, for the curves of training.
        images: Returns the path or the pixels of a sample's image, None if it has none; by default the paths
            of the record. :func:`no_images` reads none.
        maps: Of some mistakes, the image with what the prediction rests on, (H, W, 3), RGB.
        audit: The table of an audit of the data, or its folder.
        leaked: Samples that are in training, too, where that was looked for; an audit says it, too.
    """
    record = with_shown_names(record)
    summary = summarize(record)
    pairs = [] if record.multi_label else confused_pairs(record, PAIRS)
    picture = matrix.drawn_cells(summary)
    audited = None if leaked is None else audit_of_leaks(leaked, record.right)
    if audit is not None:
        audited = read_audit(audit, record.paths, record.right)
    shown = {
        "mistakes": galleries.surest_mistakes(record),
        "unsure": galleries.least_sure(record),
        "suspects": galleries.label_suspects(record),
        "rows": galleries.best_and_worst(record),
        "cells": matrix.shown_cells(record, pairs),
    }
    images = images or paths_of(record.paths)
    maps = maps or {}
    copies = audited.leaked[: galleries.SHOWN] if audited is not None else ()
    numbers = {index: len(record) + place for place, index in enumerate(maps)}
    store = Pictures(_with_maps(images, maps, numbers), chain(numbers.values(), copies, _in_order(shown)))
    measured = measure_some(len(record), images)
    labels = None if record.multi_label else record.targets[measured.chosen]
    right = record.right[measured.chosen]
    slices = find_slices(right, measured.paths(record.paths), measured.facts, labels)
    history = read_history(run) if run is not None else History()
    content = environment().get_template("report.html.j2").render(
        title=title or title_of(record.facts),
        language=language,
        record=record,
        summary=summary,
        reliability=_reliability_chart(summary),
        roc=_curves_chart(summary.roc, "false_rate", "true_rate", diagonal=True),
        precision_recall=_curves_chart(summary.precision_recall, "recall", "precision"),
        curve_legend=charts.legend([both("together"), *(curve.name for curve in summary.roc[1:])]),
        training=training_charts(history),
        matrix=matrix.shaded_rows(summary),
        pairs=pairs,
        picture=picture,
        off_by=matrix.off_by(summary) if is_ordinal(record) else [],
        class_rows=_class_rows(summary),
        mistakes=galleries.shots(record, shown["mistakes"]),
        unsure=galleries.shots(record, shown["unsure"]),
        suspects=galleries.shots(record, shown["suspects"]),
        maps=numbers,
        audit=audited,
        leaked=galleries.shots(record, copies),
        rows=_rows(record, shown["rows"]),
        slices=slices,
        measured=measured,
        store=store,
        page_data=script_data(
            matrix.cells_data(record, shown["cells"]), store, **_matrix_data(summary, picture)
        ),
        facts=[*_data_rows(record, summary), *measured.rows(), *facts_of(record.facts)],
        command=command_of(record.facts),
        config=config_of(record.facts),
    )  # fmt: skip
    write(out, content)


def _with_maps(
    images: ImageSource, maps: Mapping[int, np.ndarray], numbers: Mapping[int, int]
) -> ImageSource:
    """Return where pictures are: those of maps have numbers behind those of the samples."""
    drawn = {number: np.ascontiguousarray(maps[index][..., ::-1]) for index, number in numbers.items()}
    return lambda index: drawn[index] if index in drawn else images(index)


def _in_order(shown: Mapping[str, Any]) -> Iterable[int]:
    """Return the samples of a page, the most important first; of the matrix, mistakes before the diagonal."""
    rows = chain.from_iterable((best, worst) for _, best, worst in shown["rows"])
    mistakes = sorted(shown["cells"].items(), key=lambda cell: cell[0][0] == cell[0][1])
    first = shown["mistakes"], shown["suspects"], shown["unsure"]
    return chain(*first, rows, chain.from_iterable(cell for _, cell in mistakes))


def _reliability_chart(summary: Summary) -> Markup:
    bins = summary.reliability
    axis = Axis(both("confidence"))
    return charts.bars(
        bins.accuracy.nan_to_num().tolist(), bins.count.tolist(), axis, Axis(), both("reliability")
    )


def _curves_chart(curves: Sequence[Curve], x: str, y: str, *, diagonal: bool = False) -> Markup:
    return charts.lines(curves, Axis(both(x)), Axis(both(y)), both("curves"), diagonal=diagonal)


def _rows(record: Record, rows: Sequence[tuple[int, int, int]]) -> list[dict[str, Any]]:
    described = []
    for k, best, worst in rows:
        pair = galleries.shots(record, [best, worst])
        scores = [float(record.scores[index, k]) for index in (best, worst)]
        found = [k in shot.verdict.predicted for shot in pair]
        described.append({"name": record.class_name(k), "shots": list(zip(pair, scores, found))})
    return described


def _data_rows(record: Record, summary: Summary) -> list[tuple[Markup, str]]:
    """Return how many samples the classes have, as rows of the table of facts."""
    sizes = sorted(row.support for row in summary.classes if row.support)
    if not sizes:
        return []
    return [(both("class_sizes"), f"{sizes[0]} – {sizes[len(sizes) // 2]} – {sizes[-1]}")]


def _matrix_data(summary: Summary, picture: list[list[int]]) -> dict[str, Any]:
    return {"matrix": picture, "names": [row.name for row in summary.classes]} if picture else {}


def _class_rows(summary: Summary) -> list[ClassRow]:
    """Return the rows of the table of classes: of very many, the hardest."""
    if len(summary.classes) <= ROWS:
        return summary.classes
    return sorted(summary.classes, key=_hardness)[:ROWS]


def _hardness(row: ClassRow) -> float:
    """Order classes: the lowest F1 first, those without samples last."""
    return 101.0 if np.isnan(row.f1) else row.f1
