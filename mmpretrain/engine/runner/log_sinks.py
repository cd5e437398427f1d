"""Where the numbers of a run go, besides the text log."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.dist import is_main_process
from mmpretrain.utils.logging import get_logger

#: Seconds of training whose numbers are written together.
TOGETHER = 1.0


class LogSink(Protocol):
    """Takes the numbers of a run."""

    def add_config(self, config: Any) -> None:
        """Take the config of the run."""
        ...

    def add_scalars(self, scalars: Mapping[str, Any], step: int, mode: str) -> None:
        """Take the numbers of one step."""
        ...

    def close(self) -> None:
        """Flush and close the files."""
        ...


class VisualizerSink:
    """Hands numbers to the visualizer and its backends.

    Args:
        visualizer: The visualizer.
        file_path: Name of the JSON file that backends on disk write besides ``scalars.json``.
    """

    def __init__(self, visualizer: Any, file_path: str) -> None:
        self.visualizer = visualizer
        self.file_path = file_path

    def add_config(self, config: Any) -> None:
        """Take the config of the run."""
        self.visualizer.add_config(config)

    def add_scalars(self, scalars: Mapping[str, Any], step: int, mode: str) -> None:
        """Take the numbers of one step."""
        self.visualizer.add_scalars(scalars, step=step, file_path=self.file_path)

    def close(self) -> None:
        """Flush and close the files."""
        self.visualizer.close()


class CsvSink:
    """Writes ``metrics.csv``: a row for each moment, a column for each number. It is always on.

    Args:
        path: The file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._columns: dict[str, None] = {}  # an ordered set
        self._file: TextIO | None = None

    def add_config(self, config: Any) -> None:
        """Do nothing: a table has no place for a config."""

    def add_scalars(self, scalars: Mapping[str, Any], step: int, mode: str) -> None:
        """Append a row; new names become columns at the right."""
        row = {"mode": mode, "step": step, **scalars}
        if self._file is None or not row.keys() <= self._columns.keys():
            self._file = self._widen(row)
        csv.writer(self._file).writerow([row.get(name, "") for name in self._columns])
        self._file.flush()

    def _widen(self, row: Mapping[str, Any]) -> TextIO:
        """Write the table again with all columns that are needed, and leave it open at its end."""
        self.close()
        rows: list[dict[str, str]] = []
        if self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        self._columns = dict.fromkeys([*(rows[0] if rows else ()), *row])
        table = io.StringIO()
        writer = csv.DictWriter(table, self._columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        write_atomic(self.path, lambda file: file.write(table.getvalue().encode()))
        return self.path.open("a", newline="", encoding="utf-8")

    def close(self) -> None:
        """Close the file; a further row opens it again."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


class SinkList:
    """Several sinks as one; when the disk is full, they say so once, and the run continues.

    Numbers of a training that follow each other quickly are handed on together: a file system may take
    longer for a line than a small model for an iteration. A process that is killed loses those of its last
    :data:`TOGETHER` seconds; one that fails or is interrupted keeps them.

    Args:
        *sinks: The sinks.
    """

    clock = staticmethod(time.monotonic)

    def __init__(self, *sinks: LogSink) -> None:
        self.sinks = sinks
        self._failed: set[LogSink] = set()
        self._waiting: list[tuple[Mapping[str, Any], int, str]] = []
        self._flushed_at = -math.inf

    def add_config(self, config: Any) -> None:
        """Hand it to each."""
        self._each(lambda sink: sink.add_config(config))

    def add_scalars(self, scalars: Mapping[str, Any], step: int, mode: str) -> None:
        """Hand them to each, now or with the next ones."""
        self._waiting.append((scalars, step, mode))
        if mode != "train" or self.clock() - self._flushed_at >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Hand on what waits."""
        waiting, self._waiting = self._waiting, []
        for numbers in waiting:
            self._each(lambda sink: sink.add_scalars(*numbers))  # noqa: B023 - called at once
        self._flushed_at = self.clock()

    def close(self) -> None:
        """Hand on what waits, and close each."""
        self.flush()
        self._each(lambda sink: sink.close())

    def _each(self, action: Callable[[LogSink], None]) -> None:
        for sink in self.sinks:
            try:
                action(sink)
            except OSError as error:
                if sink not in self._failed:
                    name = type(sink).__name__
                    get_logger().error(f"{name} cannot write the numbers of the run ({error}). It continues.")
                self._failed.add(sink)


def build_log_sink(visualizer: Any, log_dir: str, timestamp: str) -> SinkList:
    """Return where a run's numbers go: nowhere from processes that do not log."""
    if not is_main_process():
        return SinkList()
    return SinkList(
        VisualizerSink(visualizer, f"{timestamp}.json"), CsvSink(Path(log_dir, "vis_data", "metrics.csv"))
    )
