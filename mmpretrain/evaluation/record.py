"""What one evaluation leaves behind: each prediction with the truth, and the facts of the run.

A record is a folder: ``predictions.npz`` for programs, ``predictions.csv`` for people, ``facts.json``
says what it was made with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.evaluation.metrics.scored import targets_of
from mmpretrain.evaluation.record_files import (
    ARRAYS,
    find_arrays,
    held_arrays,
    read_arrays,
    read_facts,
    read_names,
    reading,
    write_files,
)
from mmpretrain.evaluation.tasks import fields_by_task, records_of_tasks
from mmpretrain.evaluation.verdicts import Verdict


@dataclass(frozen=True)
class Record:
    """Predictions of a model for a data set.

    Attributes:
        scores: (N, C) float32, one number per class.
        targets: (N,) int64, the right classes; or (N, C) int8 for samples with several, -1 where a class does
            not count.
        paths: Where each image comes from; empty if that is not known.
        classes: Names of the classes; empty if they have none.
        facts: What model, data and versions it was made with, and the metrics.

    Raises:
        DataError: If the numbers of samples or classes differ, or a label is not a class.
    """

    scores: np.ndarray
    targets: np.ndarray
    paths: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.scores.ndim != 2 or not self.scores.size:
            raise DataError(f"scores must have shape (N, C), got {self.scores.shape}")
        if self.targets.shape not in (self.scores.shape, self.scores.shape[:1]):
            raise DataError(f"targets of shape {self.targets.shape} do not fit scores {self.scores.shape}")
        if not self.multi_label and not (
            self.targets.min() >= 0 and self.targets.max() < self.scores.shape[1]
        ):
            raise DataError(f"labels must be from 0 to {self.scores.shape[1] - 1}")
        if self.paths and len(self.paths) != len(self.scores):
            raise DataError(f"there are {len(self.paths)} paths for {len(self.scores)} predictions")
        if self.classes and len(self.classes) != self.scores.shape[1]:
            raise DataError(f"there are {len(self.classes)} class names for {self.scores.shape[1]} classes")

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def multi_label(self) -> bool:
        """Whether a sample can have several classes."""
        return self.targets.ndim == 2

    @property
    def predicted(self) -> np.ndarray:
        """The class with the highest score of each sample, (N,)."""
        return self.scores.argmax(1)

    @property
    def thresholds(self) -> np.ndarray:
        """From which score on each class is predicted, for several labels, (C,): the model's, or 0.5."""
        known, classes = self.facts.get("thresholds"), self.scores.shape[1]
        if isinstance(known, (list, tuple)) and len(known) == classes:
            values = [np.inf if value is None else value for value in known]  # JSON has no infinity
        else:
            values = [known] * classes
        numbers = [value if isinstance(value, (int, float)) else 0.5 for value in values]
        return np.array(numbers, self.scores.dtype)

    def class_name(self, index: int) -> str:
        """Return the name of a class, or its number."""
        return self.classes[index] if self.classes else str(index)

    def part(self, index: np.ndarray | Sequence[int]) -> Record:
        """Return the record of some of the samples, with the same facts."""
        paths = tuple(self.paths[i] for i in index) if self.paths else ()
        return replace(self, scores=self.scores[index], targets=self.targets[index], paths=paths)

    def samples(self) -> Iterator[dict[str, Any]]:
        """Give the fields of each sample as metrics take them."""
        import torch

        scores, targets = torch.from_numpy(self.scores), torch.from_numpy(self.targets)
        for index, score in enumerate(scores):
            target = {"gt_score": targets[index]} if self.multi_label else {"gt_label": targets[index, None]}
            path = {"img_path": self.paths[index]} if self.paths else {}
            yield {"pred_score": score, **target, **path, "num_classes": len(score), "sample_idx": index}

    def save(self, folder: str | Path) -> None:
        """Write the three files atomically; the folder is created if needed."""
        arrays = {"scores": self.scores, "targets": self.targets}
        names = {"paths": self.paths, "classes": self.classes}
        write_files(folder, arrays, names, self._rows(), self.facts)

    def _rows(self) -> Iterator[Sequence[Any]]:
        yield ["path", "truth", "predicted", "right", "score", "score_of_truth"]
        single, thresholds, right = self.predicted.tolist(), self.thresholds, self.right.tolist()
        for index, score in enumerate(self.scores):
            truth = self.truth(index)
            found = np.flatnonzero(score >= thresholds).tolist() if self.multi_label else [single[index]]
            yield [
                self.paths[index] if self.paths else index,
                ";".join(map(self.class_name, truth)),
                ";".join(map(self.class_name, found)),
                int(right[index]),
                ";".join(f"{score[k]:.6g}" for k in found),
                ";".join(f"{score[k]:.6g}" for k in truth),
            ]

    def truth(self, index: int) -> list[int]:
        """Return the right classes of a sample."""
        target = self.targets[index]
        return np.flatnonzero(target == 1).tolist() if self.multi_label else [int(target)]

    @property
    def mistaken(self) -> np.ndarray:
        """Whether each class of each sample with several labels is predicted wrongly, (N, C)."""
        return ((self.scores >= self.thresholds) != (self.targets == 1)) & (self.targets != -1)

    @property
    def right(self) -> np.ndarray:
        """Whether each prediction is right, of several labels all of them, (N,)."""
        if self.multi_label:
            return np.asarray(~self.mistaken.any(axis=1))
        return self.predicted == self.targets

    def verdict(self, index: int) -> Verdict:
        """Return the prediction for a sample beside the truth."""
        score, one = self.scores[index], self.part([index])
        found = (int(score.argmax()),)
        if self.multi_label:
            found = tuple(np.flatnonzero(score >= self.thresholds).tolist())
        return Verdict(index, float(score.max()), found, tuple(self.truth(index)), bool(one.right[0]))

    @classmethod
    def load(cls, folder: str | Path) -> Record:
        """Read a record.

        Args:
            folder: The folder, or its ``predictions.npz``.

        Raises:
            MissingFileError: If there is no record.
            DataError: If the files are not what a record consists of.
        """
        path = find_arrays(folder)
        if "values" in held_arrays(path):
            raise DataError("this record holds numbers of regression, no classes", where=str(path))
        with reading(path):
            arrays = read_arrays(path, _TYPES)
            paths, classes = read_names(arrays, "paths", "classes")
            return cls(arrays["scores"], arrays["targets"], paths, classes, read_facts(path))


#: Types of the arrays of a record.
_TYPES = {"scores": (np.float32,), "targets": (np.int64, np.int8)}


def record_of(
    samples: Sequence[Mapping[str, Any]], classes: Sequence[str] = (), facts: Mapping[str, Any] | None = None
) -> Record:
    """Make a record of the fields of samples, such as those in a ``result.pkl`` of 1.x.

    Args:
        samples: Fields with ``pred_score`` and ``gt_score`` or ``gt_label``, as tensors or arrays.
        classes: Names of the classes.
        facts: What else is known.

    Raises:
        DataError: If a sample has no scores or no truth, or the numbers of their classes differ.
    """
    if not samples:
        raise DataError("there is no sample")
    if tasks := [task for task, _ in fields_by_task(samples[0])]:
        raise DataError(
            f"these predictions are of several tasks ({', '.join(tasks)})",
            hint="mmpretrain test CONFIG CKPT leaves a record of each task in the folder of the run.",
        )
    for index, sample in enumerate(samples):
        if not has_scores(sample):
            raise DataError(f"sample {index} has no scores of classes (pred_score), or no label (gt_label)")
    lengths = {len(sample["pred_score"]) for sample in samples}
    if len(lengths) != 1:
        raise DataError(f"samples have scores of different numbers of classes: {sorted(lengths)}")
    num_classes = lengths.pop()
    paths = [path_of(sample) for sample in samples]
    return Record(
        scores=np.stack([np.asarray(sample["pred_score"], np.float32) for sample in samples]),
        targets=_targets(samples, num_classes),
        paths=tuple(paths) if any(paths) else (),
        classes=tuple(classes) if len(classes) == num_classes else (),
        facts=facts or {},
    )


def path_of(sample: Mapping[str, Any]) -> str:
    """Return where the image of a sample comes from; empty if that is not known."""
    path = sample.get("img_path")
    return os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""


def has_scores(sample: Mapping[str, Any]) -> bool:
    """Whether a sample has what a record consists of: scores of classes, and labels or zeros and ones."""
    score, target = sample.get("pred_score"), sample.get("gt_score")
    if score is None or np.ndim(score) != 1:
        return False
    hard = target is not None and np.isin(np.asarray(target), (-1, 0, 1)).all()
    return bool(hard or sample.get("gt_label") is not None)


def _targets(samples: Sequence[Mapping[str, Any]], num_classes: int) -> np.ndarray:
    targets = targets_of(samples, num_classes)
    return targets.numpy().astype(np.int64 if targets.ndim == 1 else np.int8)


def latest_record(folder: Path) -> Path:
    """Return the folder of a record: this one, or the latest in the folder of a run.

    Raises:
        MissingFileError: If there is none.
        DataError: If there is one for each of several tasks.
    """
    found = [folder / ARRAYS, *folder.glob(f"*/{ARRAYS}")]
    present = [path for path in found if path.is_file()]
    if not present and (tasks := records_of_tasks(folder)):
        raise DataError(
            f"this test has a record for each of {len(tasks)} tasks",
            where=str(folder),
            hint=f"Name one of them: {', '.join(map(str, tasks[:5]))}",
        )
    if not present:
        runs = sorted({str(path.parent.parent) for path in folder.glob(f"*/*/{ARRAYS}")})
        raise MissingFileError(
            "no test has left a record in this folder",
            where=str(folder),
            hint=f"Runs below it have: {', '.join(runs[:5])}"
            if runs
            else f"Test the run: mmpretrain test CONFIG {folder}",
        )
    return max(present, key=lambda path: (path.parent.name, path.stat().st_mtime_ns)).parent
