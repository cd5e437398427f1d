"""The numbers in the log of a run: how long iterations took, and how values went.

Logs are lines of JSON, as ``vis_data/*.json`` of 1.x and of this package, and as ``*.log.json`` of 0.x.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils import plain_data
from mmpretrain.utils.fileio import read_text
from mmpretrain.utils.suggest import did_you_mean

#: Keys that say where a line belongs, and are no values to plot.
PLACES = ("mode", "epoch", "iter", "step")


@dataclass(frozen=True)
class Curve:
    """The values of one name.

    Attributes:
        name: The name.
        places: Where they were logged, in epochs or iterations, ``(N,)``.
        values: The values, ``(N,)``.
        in_epochs: Whether places are epochs.
    """

    name: str
    places: np.ndarray
    values: np.ndarray
    in_epochs: bool


@dataclass
class Log:
    """A log.

    Attributes:
        path: Where it is.
        train: The lines of training.
        val: The lines of validation.
    """

    path: str
    train: list[dict[str, Any]] = field(default_factory=list)
    val: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Log:
        """Read a log.

        Args:
            path: The file, or the work folder of a run, whose newest log is taken.

        Raises:
            MissingFileError: If there is none.
            DataError: If it holds no numbers of a run.
        """
        log = cls(str(find_log(path)))
        for number, line in enumerate(read_text(log.path).splitlines(), 1):
            if line.strip():
                log._add(plain_data.parse_json(line, f"{log.path}:{number}"), number)
        if not log.train and not log.val:
            raise DataError("there are no numbers of a training in it", where=log.path)
        return log

    def _add(self, row: Any, number: int) -> None:
        if not isinstance(row, Mapping):
            raise DataError("a line of a log is an object of JSON", where=f"{self.path}:{number}")
        row = dict(row)
        mode = row.get("mode")
        if mode is None and not isinstance(row.get("step"), int):
            return  # what 0.x writes about the environment
        if mode == "train" or (mode is None and {"lr", "iter"} & row.keys()):
            self.train.append(row)
        elif mode in (None, "val"):
            self.val.append(row)

    @property
    def counts_epochs(self) -> bool:
        """Whether the run counted epochs."""
        return any(isinstance(row.get("epoch"), int) for row in self.train)

    def times(self) -> dict[int, list[float]]:
        """Return the seconds that iterations took, by epoch; a run without epochs is one.

        Raises:
            DataError: If the log has none.
        """
        found: dict[int, list[float]] = {}
        for row in self.train:
            if isinstance(row.get("time"), (int, float)):
                found.setdefault(row["epoch"] if isinstance(row.get("epoch"), int) else 1, []).append(
                    row["time"]
                )
        if not found:
            raise DataError("the log has no times of training iterations", where=self.path)
        return found

    def names(self) -> list[str]:
        """Return the names of all values."""
        rows = [*self.train, *self.val]
        names = dict.fromkeys(name for row in rows for name in row if name not in PLACES)
        return [name for name in names if any(isinstance(row.get(name), (int, float)) for row in rows)]

    def curve(self, name: str) -> Curve:
        """Return the values of one name.

        Raises:
            DataError: If the log has none.
        """
        trained = [row for row in self.train if isinstance(row.get(name), (int, float))]
        if trained:
            places = [self._iteration(row) for row in trained]
            return Curve(
                name, np.array(places, float), np.array([row[name] for row in trained], float), False
            )
        rows = [row for row in self.val if isinstance(row.get(name), (int, float))]
        if not rows:
            known = self.names()
            raise DataError(
                f"the log has no {name!r}", where=self.path,
                hint=did_you_mean(name, known) or f"It has {', '.join(known)}.",
            )  # fmt: skip
        places = [row.get("epoch", row.get("step", index)) for index, row in enumerate(rows, 1)]
        values = np.array([row[name] for row in rows], float)
        return Curve(name, np.array(places, float), values, self.counts_epochs)

    def _iteration(self, row: Mapping[str, Any]) -> float:
        """How many iterations came before; those of 0.x begin again with each epoch."""
        iteration = row.get("step", row.get("iter", 0))
        if "step" not in row and isinstance(row.get("epoch"), int):
            return (row["epoch"] - 1) * self.epoch_length + iteration
        return iteration

    @property
    def epoch_length(self) -> float:
        """Iterations in an epoch, as far as the log tells."""
        lengths = [
            row["step"] / row["epoch"] if "step" in row else row.get("iter", 0)
            for row in self.train
            if isinstance(row.get("epoch"), int) and row["epoch"] > 0
        ]
        return max(lengths, default=1.0)


def find_log(path: str | os.PathLike[str]) -> Path:
    """Return a log, or the newest one in the work folder of a run.

    Raises:
        MissingFileError: If there is none.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        found = [*path.glob("**/vis_data/[0-9]*.json"), *path.glob("*.log.json")]
        if not found:
            raise MissingFileError(
                f"there is no log in the folder {str(path)!r}",
                hint="Logs are DIR/<time>/vis_data/<time>.json.",
            )
        return max(found, key=lambda file: (file.stat().st_mtime, file.name))
    if not path.is_file():
        raise MissingFileError(f"there is no log {str(path)!r}", hint=f"The current folder is {Path.cwd()}.")
    return path


@dataclass(frozen=True)
class TrainTime:
    """How long training took.

    Attributes:
        slowest: The slowest epoch, and the mean time of its iterations in seconds.
        fastest: The fastest epoch, likewise.
        deviation: Standard deviation of these means over the epochs.
        mean: Mean time of all iterations, the first of each epoch included.
    """

    slowest: tuple[int, float]
    fastest: tuple[int, float]
    deviation: float
    mean: float


def train_time(times: Mapping[int, Sequence[float]], *, outliers: bool = False) -> TrainTime:
    """Sum up the times of iterations.

    Args:
        times: By epoch.
        outliers: Whether the first value of each epoch counts, during which data are still on their way.
    """
    kept = {epoch: values if outliers or len(values) == 1 else values[1:] for epoch, values in times.items()}
    means = {epoch: float(np.mean(values)) for epoch, values in kept.items()}
    slowest, fastest = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    return TrainTime(
        (slowest, means[slowest]),
        (fastest, means[fastest]),
        float(np.std(list(means.values()))),
        float(np.mean([value for values in times.values() for value in values])),
    )
