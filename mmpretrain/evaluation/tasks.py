"""Predictions of models with several tasks: the samples of each task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmpretrain.evaluation.record_files import ARRAYS

#: Below the folder of a test, this one has a record for each task.
TASKS = "tasks"


def fields_by_task(sample: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the name and the fields of each task of a sample; those of a task within a task as ``'a/b'``.

    Args:
        sample: Fields of a sample. One of a single task gives nothing.
        before: What to put before the names.
    """
    for name, fields in sample.items():
        if not isinstance(fields, Mapping) or "eval_mask" not in fields:
            continue
        inner = list(fields_by_task(fields, f"{before}{name}/"))
        yield from inner or [(f"{before}{name}", fields)]


def samples_by_task(samples: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the fields of the samples that have labels for a task, by the name of the task."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for sample in samples:
        for task, fields in fields_by_task(sample):
            kept = found.setdefault(task, [])
            if fields["eval_mask"]:
                kept.append(fields)
    return found


def folders_of_tasks(folder: Path, tasks: Sequence[str]) -> dict[str, Path]:
    """Return a folder for each task, below that of a test, whatever the names of the tasks are."""
    folders: dict[str, Path] = {}
    for task in tasks:
        name = re.sub(r"[^\w-]+", "_", task) or "_"
        while folder / TASKS / name in folders.values():
            name += "_"
        folders[task] = folder / TASKS / name
    return folders


def records_of_tasks(folder: Path) -> list[Path]:
    """Return the folders of the records of the latest test with several tasks, in the folder of a run."""
    found = [*folder.glob(f"{TASKS}/*/{ARRAYS}"), *folder.glob(f"*/{TASKS}/*/{ARRAYS}")]
    tests = {path.parents[2] for path in found}
    latest = max(tests, key=lambda path: path.name, default=None)
    return sorted(path.parent for path in found if path.parents[2] == latest)
