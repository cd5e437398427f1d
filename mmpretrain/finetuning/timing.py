"""How many epochs fit into a span of time, by measuring a few iterations."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from copy import deepcopy
from itertools import islice
from typing import Any

from mmpretrain.engine.runner.trial import Trial, trial
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATASETS

#: Share of the time that is planned for; the rest is for starting, checkpoints and the test.
PLANNED = 0.85
#: Iterations that are run first, and that are measured.
WARM, MEASURED = 1, 4
#: A validation batch of the same size costs about this share of a training batch.
VALIDATION = 0.4
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|)")


def seconds_of(text: str) -> float:
    """Return the seconds in a span such as ``30m``, ``1h30m`` or ``90`` (seconds).

    Raises:
        ConfigError: If it is none, or nothing at all.
    """
    parts = _SPAN.findall(text.strip().lower())
    whole = "".join(number + unit for number, unit in parts)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not parts or whole != re.sub(r"\s", "", text.strip().lower()) or not 0 < seconds < 1e9:
        raise ConfigError(f"{text!r} is no span of time", where="--time", hint="Write 30m, 1h30m or 90s.")
    return seconds


def seconds_per_epoch(cfg: Mapping[str, Any], device: str | None = None) -> float:
    """Measure a few iterations of a training, and return how long an epoch with its validation will take.

    Args:
        cfg: The config; nothing of it is changed, and no file is written.
        device: Where to run.
    """
    workers = int(cfg["train_dataloader"].get("num_workers") or 0)
    with trial(cfg, device, workers=0, weights=False) as run:
        loading, batch = _loading(run.loader)
        computing = _computing(run, batch)
        iterations, shared = len(run.loader), run.device.type == "cpu"
    if workers and not shared:
        iteration = max(computing, loading / workers)
    else:  # workers and the network share the cores
        iteration = computing + loading
    val = len(DATASETS.build(deepcopy(dict(cfg["val_dataloader"]["dataset"]))))
    return iteration * (iterations + VALIDATION * val / cfg["train_dataloader"]["batch_size"])


def _loading(loader: Any) -> tuple[float, Any]:
    """Return how long a batch takes to be read, and one."""
    batches = iter(loader)
    batch = next(batches)
    start = time.perf_counter()
    count = sum(1 for _ in islice(batches, MEASURED))
    return (time.perf_counter() - start) / max(count, 1), batch


def _computing(run: Trial, batch: Any) -> float:
    """Return how long a training step takes."""
    start = 0.0
    for step in range(WARM + MEASURED):
        if step == WARM:
            run.finish()
            start = time.perf_counter()
        run.step(batch)
    run.finish()
    return (time.perf_counter() - start) / MEASURED


def epochs_within(budget: float, per_epoch: float, usual: int) -> int:
    """Return how many epochs to train: the usual number, or as many as fit.

    Args:
        budget: Seconds.
        per_epoch: Seconds that an epoch takes.
        usual: Number without a limit.
    """
    return max(1, min(usual, int(PLANNED * budget / max(per_epoch, 1e-9))))
