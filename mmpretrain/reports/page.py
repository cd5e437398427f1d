"""From the numbers to one HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from mmpretrain.evaluation.record import Record
from mmpretrain.reports import charts, galleries
from mmpretrain.reports.audits import read_audit
from mmpretrain.reports.charts import Axis
from mmpretrain.reports.comparison import Comparison, compare
from mmpretrain.reports.history import History, read_history
from mmpretrain.reports.images import measure
from mmpretrain.reports.parts import (
    ImageSource,
    Pictures,
    environment,
    facts_of,
    paths_of,
    script_data,
    title_of,
    training_charts,
    write,
)
from mmpretrain.reports.slices import Slice, find_slices
from mmpretrain.reports.summary import Curve, Summary, right_predictions, summarize
from mmpretrain.reports.words import Language, both

#: With more classes, the matrix is a list of the most confused pairs.
LARGEST_MATRIX = 60
#: Most images to measure, and most rows of a table of pairs.
MEASURED, PAIRS = 5000, 50
LEVELS = 9


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
    """
    summary = summarize(record)
    audited = None if audit is None else read_audit(audit, record.paths, right_predictions(record))
    shown = {
        "mistakes": galleries.surest_mistakes(record),
        "unsure": galleries.least_sure(record),
        "suspects": galleries.label_suspects(record),
        "rows": galleries.best_and_worst(record),
        "cells": galleries.cells(record),
    }
    images = images or paths_of(record.paths)
    maps = maps or {}
    leaked = audited.leaked[: galleries.SHOWN] if audited is not None else ()
    numbers = {index: len(record) + place for place, index in enumerate(maps)}
    store = Pictures(_with_maps(images, maps, numbers), chain(numbers.values(), leaked, _in_order(shown)))
    slices, unreadable = _slices(record, images)
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
        matrix=_matrix(record, summary),
        pairs=_pairs(record, summary),
        mistakes=galleries.shots(record, shown["mistakes"]),
        unsure=galleries.shots(record, shown["unsure"]),
        suspects=galleries.shots(record, shown["suspects"]),
        maps=numbers,
        audit=audited,
        leaked=galleries.shots(record, leaked),
        rows=_rows(record, shown["rows"]),
        slices=[one for one in slices if one.worse],
        measured=bool(slices),
        unreadable=unreadable,
        store=store,
        page_data=script_data(_cells_data(record, shown["cells"]), store),
        facts=facts_of(record.facts),
    )  # fmt: skip
    write(out, content)


def write_comparison(
    records: Mapping[str, Record],
    out: str | Path,
    *,
    language: Language = "en",
    images: ImageSource | None = None,
) -> Comparison:
    """Write a page that compares models on the same samples.

    Args:
        records: Name of a model to its predictions.
        out: The file.
        language: Which of its two languages it shows at first.
        images: See :func:`write_report`.

    Returns:
        What was compared.
    """
    compared = compare(records)
    first = next(iter(compared.records.values()))
    shots = {name: galleries.shots(record, compared.differing) for name, record in compared.records.items()}
    store = Pictures(images or paths_of(first.paths), compared.differing)
    curves = [Curve(name, summary.roc[0].x, summary.roc[0].y) for name, summary in compared.summaries.items()]
    content = environment().get_template("comparison.html.j2").render(
        title=both("comparison"),
        language=language,
        compared=compared,
        roc=charts.lines(curves, Axis(both("false_rate")), Axis(), both("curves"), diagonal=True),
        curve_legend=charts.legend(list(compared.summaries)),
        shots=shots,
        store=store,
        page_data=script_data({}, store),
    )  # fmt: skip
    write(out, content)
    return compared


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


def _slices(record: Record, images: ImageSource) -> tuple[list[Slice], int]:
    """Return the groups, and how many images could not be read."""
    chosen = np.arange(len(record))
    if len(record) > MEASURED:
        chosen = np.random.default_rng(0).choice(len(record), MEASURED, replace=False)
    sources = [source for index in chosen if (source := images(int(index))) is not None]
    facts = measure(sources, "Images") if len(sources) == len(chosen) else []
    paths = [record.paths[index] for index in chosen] if record.paths else []
    slices = find_slices(right_predictions(record)[chosen], paths, facts)
    return slices, sum(fact is None for fact in facts)


def _reliability_chart(summary: Summary) -> Markup:
    bins = summary.reliability
    axis = Axis(both("confidence"))
    return charts.bars(
        bins.accuracy.nan_to_num().tolist(), bins.count.tolist(), axis, Axis(), both("reliability")
    )


def _curves_chart(curves: Sequence[Curve], x: str, y: str, *, diagonal: bool = False) -> Markup:
    return charts.lines(curves, Axis(both(x)), Axis(both(y)), both("curves"), diagonal=diagonal)


def _matrix(record: Record, summary: Summary) -> list[list[tuple[int, int]]]:
    """Return the counts and their shades, 0 to 9, by the share of the row; nothing for many classes."""
    counts = summary.confusion
    if counts is None or len(counts) > LARGEST_MATRIX:
        return []
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shades = np.ceil(share * LEVELS).astype(int)
    return [list(zip(*row)) for row in zip(counts.tolist(), shades.tolist())]


def _pairs(record: Record, summary: Summary) -> list[tuple[str, str, int]]:
    """Return the most confused pairs: truth, prediction, count."""
    if summary.confusion is None:
        return []
    mistakes = summary.confusion.copy()
    np.fill_diagonal(mistakes, 0)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:PAIRS]
    pairs = zip(*np.unravel_index(order, mistakes.shape))
    return [
        (record.class_name(int(r)), record.class_name(int(c)), int(mistakes[r, c]))
        for r, c in pairs
        if mistakes[r, c]
    ]


def _rows(record: Record, rows: Sequence[tuple[int, int, int]]) -> list[dict[str, Any]]:
    described = []
    for k, best, worst in rows:
        pair = galleries.shots(record, [best, worst])
        scores = [float(record.scores[index, k]) for index in (best, worst)]
        described.append({"name": record.class_name(k), "shots": list(zip(pair, scores))})
    return described


def _cells_data(record: Record, cells: Mapping[tuple[int, int], Sequence[int]]) -> dict[str, Any]:
    best = record.predicted
    return {
        f"{truth},{predicted}": [
            [i, record.paths[i] if record.paths else "", round(float(record.scores[i, best[i]]), 4)]
            for i in indices
        ]
        for (truth, predicted), indices in cells.items()
    }
