"""The page that compares models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.value_record import ValueRecord
from mmpretrain.reports import charts, galleries
from mmpretrain.reports.charts import Axis
from mmpretrain.reports.comparison import Comparison, ValueComparison, compare, compare_values
from mmpretrain.reports.history import read_history
from mmpretrain.reports.names import AnyRecord, class_name, path_name, with_shown_names
from mmpretrain.reports.parts import (
    OF_OPTIMIZER,
    ImageSource,
    Pictures,
    environment,
    paths_of,
    script_data,
    write,
)
from mmpretrain.reports.summary import POINTS, Curve
from mmpretrain.reports.words import Language, both

#: Curves of training that are drawn, and values of which errors are.
CHARTS = 9


def write_comparison(
    records: Mapping[str, Record] | Mapping[str, ValueRecord],
    out: str | Path,
    *,
    language: Language = "en",
    images: ImageSource | None = None,
    runs: Mapping[str, Path | None] | None = None,
) -> Comparison | ValueComparison:
    """Write a page that compares models on the same samples.

    Args:
        records: Name of a model to its predictions: all of classes, or all of values.
        out: The file.
        language: Which of its two languages it shows at first.
        images: Of the samples of the first model, see :func:`mmpretrain.reports.write_report`.
        runs: Name of a model to the folder of its run, for the curves of training.

    Returns:
        What was compared.

    Raises:
        DataError: See :func:`mmpretrain.reports.compare`.
    """
    training = _training({class_name(name): run for name, run in (runs or {}).items()})
    of_classes = {name: record for name, record in records.items() if isinstance(record, Record)}
    of_values = {name: record for name, record in records.items() if isinstance(record, ValueRecord)}
    if of_classes and of_values:
        raise DataError(
            f"{next(iter(of_classes))!r} and {next(iter(of_values))!r} cannot be compared: one predicts "
            "classes, the other one numbers"
        )
    if of_values:
        compared, page = _values_page(of_values, language, images, training)
    else:
        compared, page = _classes_page(of_classes, language, images, training)
    write(out, page)
    return compared


def _classes_page(
    records: Mapping[str, Record], language: Language, images: ImageSource | None, training: Sequence[object]
) -> tuple[Comparison, str]:
    compared = compare(_shown(records))
    first = next(iter(compared.records.values()))
    store = Pictures(images or paths_of(first.paths), compared.differing)
    summaries = compared.summaries
    roc = {name: one.roc[0] for name, one in summaries.items()}
    precision_recall = {name: one.precision_recall[0] for name, one in summaries.items()}
    shots = {name: galleries.shots(record, compared.differing) for name, record in compared.records.items()}
    page = environment().get_template("comparison.html.j2").render(
        title=both("comparison"),
        language=language,
        compared=compared,
        roc=_overlaid(roc, "false_rate", diagonal=True),
        precision_recall=_overlaid(precision_recall, "recall"),
        curve_legend=charts.legend(list(summaries)),
        training=training,
        multi_label=first.multi_label,
        shots=shots,
        store=store,
        page_data=script_data({}, store),
    )  # fmt: skip
    return compared, page


def _values_page(
    records: Mapping[str, ValueRecord],
    language: Language,
    images: ImageSource | None,
    training: Sequence[object],
) -> tuple[ValueComparison, str]:
    compared = compare_values(_shown(records))
    first = next(iter(compared.records.values()))
    store = Pictures(images or paths_of(first.paths), compared.differing)
    page = environment().get_template("value_comparison.html.j2").render(
        title=both("comparison"),
        language=language,
        compared=compared,
        charts=[(name, _error_curves(compared, column)) for column, name in enumerate(first.names[:CHARTS])],
        curve_legend=charts.legend(list(compared.records)),
        training=training,
        paths=[path_name(first.paths[i]) if first.paths else "" for i in compared.differing],
        store=store,
        page_data=script_data({}, store),
    )  # fmt: skip
    return compared, page


def _shown(records: Mapping[str, AnyRecord]) -> dict[str, AnyRecord]:
    return {class_name(name): with_shown_names(record) for name, record in records.items()}


def _overlaid(curves: Mapping[str, Curve], across: str, *, diagonal: bool = False) -> Markup:
    named = [Curve(name, curve.x, curve.y) for name, curve in curves.items()]
    return charts.lines(named, Axis(both(across)), Axis(), both("curves"), diagonal=diagonal)


def _error_curves(compared: ValueComparison, column: int) -> Markup:
    """Draw the share of samples whose error is no larger than what is across."""
    curves = []
    for name, record in compared.records.items():
        errors = np.sort(np.abs(record.errors[:, column]).astype(float))
        errors = errors[np.isfinite(errors)]
        kept = np.unique(np.linspace(0, max(len(errors) - 1, 0), POINTS).round().astype(int))[: len(errors)]
        curves.append(Curve(name, errors[kept].tolist(), ((kept + 1) / len(record)).tolist()))
    across = Axis.around([0.0, *(x for curve in curves for x in curve.x)], both("absolute_error"))
    return charts.lines(curves, across, Axis(), both("error_curves"))


def _training(runs: Mapping[str, Path | None]) -> list[tuple[str, Markup]]:
    """Draw the curves of training that several runs have, each in one chart."""
    histories = {name: read_history(run) for name, run in runs.items() if run is not None}
    counts = Counter(key for history in histories.values() for key in history.curves)
    common = [key for key, count in counts.items() if count > 1 and key not in OF_OPTIMIZER]
    drawn = []
    for key in common[:CHARTS]:
        found = {name: history.curves.get(key, Curve(key, [], [])) for name, history in histories.items()}
        curves = [Curve(name, curve.x, curve.y) for name, curve in found.items()]
        steps = next(history.steps[key] for history in histories.values() if key in history.steps)
        across = Axis.around([x for curve in curves for x in curve.x], steps)
        up = Axis.around([y for curve in curves for y in curve.y])
        drawn.append((class_name(key), charts.lines(curves, across, up, class_name(key))))
    return drawn
