"""What an evaluation of regression leaves behind: each predicted value with the right one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import Record, path_of
from mmpretrain.evaluation.record_files import (
    find_arrays,
    held_arrays,
    read_arrays,
    read_facts,
    read_names,
    reading,
    write_files,
)
from mmpretrain.structures import value_names

_TYPES = {"values": (np.float32,), "targets": (np.float32,)}


@dataclass(frozen=True)
class ValueRecord:
    """Predicted values of a model for a data set.

    Attributes:
        values: (N, D) float32, the predictions.
        targets: (N, D) float32, the right values.
        paths: Where each image comes from; empty if that is not known.
        names: Name of each value.
        facts: What model, data and versions it was made with, and the metrics.

    Raises:
        DataError: If the numbers of samples or values differ.
    """

    values: np.ndarray
    targets: np.ndarray
    paths: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not self.values.size:
            raise DataError(f"values must have shape (N, D), got {self.values.shape}")
        if self.targets.shape != self.values.shape:
            raise DataError(f"targets of shape {self.targets.shape} do not fit values {self.values.shape}")
        if not np.isfinite(self.targets).all():
            raise DataError("a right value is not finite")
        if self.paths and len(self.paths) != len(self.values):
            raise DataError(f"there are {len(self.paths)} paths for {len(self.values)} predictions")
        if self.names and len(self.names) != self.values.shape[1]:
            raise DataError(f"there are {len(self.names)} names for {self.values.shape[1]} values")
        if not self.names:
            object.__setattr__(self, "names", value_names(None, self.values.shape[1]))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def errors(self) -> np.ndarray:
        """Predicted less right values, (N, D)."""
        return self.values - self.targets

    def part(self, index: np.ndarray | Sequence[int]) -> ValueRecord:
        """Return the record of some of the samples, with the same facts."""
        paths = tuple(self.paths[i] for i in index) if self.paths else ()
        return replace(self, values=self.values[index], targets=self.targets[index], paths=paths)

    def samples(self) -> Iterator[dict[str, Any]]:
        """Give the fields of each sample as metrics take them."""
        import torch

        values, targets = torch.from_numpy(self.values), torch.from_numpy(self.targets)
        for index, (value, target) in enumerate(zip(values, targets)):
            path = {"img_path": self.paths[index]} if self.paths else {}
            yield {"pred_value": value, "gt_value": target, **path, "sample_idx": index}

    def save(self, folder: str | Path) -> None:
        """Write the three files atomically; the folder is created if needed."""
        arrays = {"values": self.values, "targets": self.targets}
        write_files(folder, arrays, {"paths": self.paths, "names": self.names}, self._rows(), self.facts)

    def _rows(self) -> Iterator[Sequence[Any]]:
        one = len(self.names) == 1
        ends = ["" if one else f" {name}" for name in self.names]
        yield ["path", *(f"{what}{end}" for end in ends for what in ("truth", "predicted", "error"))]
        for index, (value, target) in enumerate(zip(self.values.tolist(), self.targets.tolist())):
            cells = [f"{number:.6g}" for v, t in zip(value, target) for number in (t, v, v - t)]
            yield [self.paths[index] if self.paths else index, *cells]

    @classmethod
    def load(cls, folder: str | Path) -> ValueRecord:
        """Read a record: its folder, or its ``predictions.npz``.

        Raises:
            MissingFileError: If there is no record.
            DataError: If the files are not what a record consists of.
        """
        path = find_arrays(folder)
        with reading(path):
            arrays = read_arrays(path, _TYPES)
            paths, names = read_names(arrays, "paths", "names")
            return cls(arrays["values"], arrays["targets"], paths, names, read_facts(path))


def load_record(folder: str | Path) -> Record | ValueRecord:
    """Read a record of either kind: of classes, or of values.

    Args:
        folder: Its folder, or its ``predictions.npz``.

    Raises:
        MissingFileError: If there is no record.
        DataError: If the files are not what a record consists of.
    """
    path = find_arrays(folder)
    return ValueRecord.load(path) if "values" in held_arrays(path) else Record.load(path)


def value_record_of(
    samples: Sequence[Mapping[str, Any]],
    names: Sequence[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> ValueRecord:
    """Make a record of the fields of samples with ``pred_value`` and ``gt_value``.

    Args:
        samples: Fields as tensors or arrays, (D,).
        names: Names of the values.
        facts: What else is known.

    Raises:
        DataError: If a sample has no values, or the numbers of values differ.
    """
    for index, sample in enumerate(samples):
        if not has_values(sample):
            raise DataError(f"sample {index} has no predicted (pred_value) or no right value (gt_value)")
    columns = [
        [np.asarray(sample[key], np.float32) for sample in samples] for key in ("pred_value", "gt_value")
    ]
    lengths = {len(row) for column in columns for row in column}
    if len(lengths) != 1:
        raise DataError(f"samples have different numbers of values: {sorted(lengths)}")
    paths = [path_of(sample) for sample in samples]
    return ValueRecord(
        values=np.stack(columns[0]),
        targets=np.stack(columns[1]),
        paths=tuple(paths) if any(paths) else (),
        names=value_names({"values": tuple(names)}, lengths.pop()),
        facts=facts or {},
    )


def has_values(sample: Mapping[str, Any]) -> bool:
    """Whether a sample has predicted and right values."""
    return all(key in sample and np.ndim(sample[key]) == 1 for key in ("pred_value", "gt_value"))
