"""The page about a test of regression."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from markupsafe import Markup

from mmpretrain.evaluation.value_record import ValueRecord
from mmpretrain.reports import charts
from mmpretrain.reports.charts import Axis
from mmpretrain.reports.history import History, read_history
from mmpretrain.reports.measured import Measured, measure_some
from mmpretrain.reports.names import path_name, with_shown_names
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
from mmpretrain.reports.slices import Slice, find_value_slices
from mmpretrain.reports.summary import Number
from mmpretrain.reports.value_numbers import value_numbers
from mmpretrain.reports.words import Language, both

#: Pictures of the gallery, points of a chart, and bars of a histogram.
SHOWN, POINTS, BARS = 24, 2000, 30


@dataclass(frozen=True)
class ValueRow:
    """What is known about one value.

    Attributes:
        name: Its name.
        numbers: Errors with intervals.
        scatter: The predictions over the right values.
        histogram: How often which error occurs.
    """

    name: str
    numbers: list[Number]
    scatter: Markup
    histogram: Markup


@dataclass(frozen=True)
class ValueShot:
    """A sample in the gallery; of each value the name, what is right and what is predicted."""

    index: int
    path: str
    values: list[tuple[str, float, float]]


def write_value_report(
    record: ValueRecord,
    out: str | Path,
    *,
    title: str = "",
    language: Language = "en",
    run: str | Path | None = None,
    images: ImageSource | None = None,
) -> None:
    """Write a report about predicted values, one file; see :func:`mmpretrain.reports.write_report`."""
    record = with_shown_names(record)
    largest = largest_errors(record)
    images = images or paths_of(record.paths)
    store = Pictures(images, largest)
    measured = measure_some(len(record), images)
    history = read_history(run) if run is not None else History()
    content = environment().get_template("values.html.j2").render(
        title=title or title_of(record.facts),
        language=language,
        record=record,
        rows=[value_row(record, column) for column in range(len(record.names))],
        slices=[(name, _slices(record, column, measured)) for column, name in enumerate(record.names)],
        measured=measured,
        training=training_charts(history),
        largest=[_shot(record, index) for index in largest],
        store=store,
        page_data=script_data({}, store),
        facts=[*measured.rows(), *facts_of(record.facts)],
        command=command_of(record.facts),
        config=config_of(record.facts),
    )  # fmt: skip
    write(out, content)


def _slices(record: ValueRecord, column: int, measured: Measured) -> list[Slice]:
    errors = np.abs(record.errors[measured.chosen, column])
    return find_value_slices(errors, measured.paths(record.paths), measured.facts)


def value_row(record: ValueRecord, column: int) -> ValueRow:
    """Return the numbers and the charts of one value."""
    values, targets = (
        torch.from_numpy(array[:, column]).double() for array in (record.values, record.targets)
    )
    return ValueRow(
        record.names[column],
        value_numbers(record, column),
        _scatter(values, targets),
        _histogram((values - targets).numpy()),
    )


def _scatter(values: torch.Tensor, targets: torch.Tensor) -> Markup:
    kept = torch.linspace(0, len(values) - 1, min(len(values), POINTS)).round().long()
    x, y = targets[kept].tolist(), values[kept].tolist()
    axis = Axis.around([*x, *y])
    axes = (
        Axis(both("right_value"), axis.low, axis.high),
        Axis(both("predicted_value"), axis.low, axis.high),
    )
    return charts.points(x, y, axes, both("against_truth"))


def _histogram(errors: np.ndarray) -> Markup:
    errors = errors[np.isfinite(errors)]
    counts, edges = np.histogram(errors, bins=min(BARS, max(len(errors), 1)))
    axes = Axis(both("error"), float(edges[0]), float(edges[-1])), Axis(high=float(max(counts.max(), 1)))
    return charts.bars(counts.tolist(), counts.tolist(), *axes, both("errors"), diagonal=False)


def largest_errors(record: ValueRecord) -> list[int]:
    """Return the samples with the largest errors, relative to the deviation of the right values."""
    deviation = record.targets.std(0)
    relative = np.abs(record.errors) / np.where(deviation > 0, deviation, 1)
    return np.argsort(-np.nan_to_num(relative.max(1), nan=np.inf), kind="stable")[:SHOWN].tolist()


def _shot(record: ValueRecord, index: int) -> ValueShot:
    rows = zip(record.names, record.targets[index].tolist(), record.values[index].tolist())
    return ValueShot(index, path_name(record.paths[index]) if record.paths else "", list(rows))
