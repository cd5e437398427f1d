"""Cross-validation of a fine-tuning: a plan for each fold, and the predictions of all images."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.datasets.labelled import Labelled
from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record
from mmpretrain.evaluation.value_record import ValueRecord, load_record
from mmpretrain.finetuning.data import Prepared, into_folds
from mmpretrain.finetuning.plan import Plan, write_plan
from mmpretrain.utils import plain_data
from mmpretrain.utils.atomic import write_atomic

#: What the folder of a cross-validation has: its results, and the record of all predictions.
RESULTS, RECORD = "folds.json", "out_of_fold"


def write_folds(
    plan: Plan, data: Prepared, folder: Path, count: int, *, workers: int | None = None
) -> list[dict[str, Labelled]]:
    """Write a plan for each fold, ``fold0`` and so on, and return their parts.

    Args:
        plan: What to do in each fold.
        data: The samples; those set apart for validation are not used, those for the test by each fold.
        folder: Where to write.
        count: Number of folds.
        workers: Number of data workers.
    """
    fold_of = into_folds(data, count, plan.seed)
    train, parts = data.parts["train"], []
    for number in range(count):
        part = {
            "train": train.take(np.flatnonzero(fold_of != number).tolist()),
            "val": train.take(np.flatnonzero(fold_of == number).tolist()),
        }
        write_plan(plan, part, folder / f"fold{number}", workers=workers)
        parts.append(part)
    Results(count).save(folder)
    return parts


@dataclass
class Results:
    """Results of the folds that are done.

    Attributes:
        count: Number of folds.
        metrics: Fold -> metrics of its test.
        records: Fold -> folder of its predictions, relative to that of the cross-validation.
    """

    count: int
    metrics: dict[int, dict[str, float]] = field(default_factory=dict)
    records: dict[int, str] = field(default_factory=dict)

    def add(self, number: int, metrics: Mapping[str, Any], record: Path, folder: Path) -> None:
        """Add a fold that is done, and save."""
        plain = {name: float(value) for name, value in metrics.items() if isinstance(value, (int, float))}
        self.metrics[number], self.records[number] = plain, record.relative_to(folder).as_posix()
        self.save(folder)

    def save(self, folder: Path) -> None:
        """Write them into a folder."""
        folds = {
            str(n): {"metrics": self.metrics[n], "record": self.records[n]} for n in sorted(self.metrics)
        }
        text = json.dumps({"count": self.count, "folds": folds}, indent=2)
        write_atomic(folder / RESULTS, lambda file: file.write(text.encode()))

    @classmethod
    def load(cls, folder: Path) -> Results:
        """Read them from a folder.

        Raises:
            DataError: If they are not what a cross-validation writes.
        """
        content = plain_data.load(folder / RESULTS)
        try:
            count, folds = int(content["count"]), content["folds"]
            metrics = {
                int(n): {str(k): float(v) for k, v in fold["metrics"].items()} for n, fold in folds.items()
            }
            records = {int(n): str(fold["record"]) for n, fold in folds.items()}
            if not all(0 <= n < count for n in metrics):
                raise ValueError(f"a fold of {sorted(metrics)}")
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise DataError(
                f"these are no results of a cross-validation ({error})", where=str(folder / RESULTS)
            ) from error
        return cls(count, metrics, records)


def is_cross_validation(folder: str | Path) -> bool:
    """Whether a folder is that of a cross-validation."""
    return Path(folder, RESULTS).is_file() and Path(folder, "fold0").is_dir()


def is_half_written(folder: str | Path) -> bool:
    """Whether a cross-validation was broken off before the plans of all its folds were there."""
    return Path(folder, "fold0").is_dir() and not Path(folder, RESULTS).is_file()


def fold_folders(folder: str | Path) -> list[Path]:
    """Return the folders of the folds of a cross-validation that are done."""
    return [Path(folder, f"fold{number}") for number in sorted(Results.load(Path(folder)).metrics)]


def join_predictions(folder: Path, results: Results) -> Path:
    """Write the predictions of all folds as one record: each image by the model that has not seen it.

    Returns:
        The folder of the record, with ``predictions.csv``.
    """
    records = [load_record(folder / results.records[number]) for number in sorted(results.records)]
    first = records[0]
    targets = np.concatenate([record.targets for record in records])
    paths = tuple(path for record in records for path in record.paths)
    facts = {**first.facts, "metrics": _means(list(results.metrics.values())), "folds": results.count}
    if isinstance(first, ValueRecord):
        values = np.concatenate([record.values for record in records if isinstance(record, ValueRecord)])
        ValueRecord(values, targets, paths, first.names, facts).save(folder / RECORD)
    else:
        scores = np.concatenate([record.scores for record in records if isinstance(record, Record)])
        Record(scores, targets, paths, first.classes, facts).save(folder / RECORD)
    return folder / RECORD


def _means(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    shared = [name for name in metrics[0] if all(name in values for values in metrics)]
    return {name: float(np.mean([values[name] for values in metrics])) for name in shared}
