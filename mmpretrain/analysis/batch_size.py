"""Finding a batch size: how fast training is with each, and which one still fits into memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from mmpretrain.engine.runner.trial import Trial, first_batch, resized, trial
from mmpretrain.utils.memory import free_memory, memory_in_use

#: Steps that are run first, and that are measured.
WARM, MEASURED = 1, 2
#: On a CPU, a step that takes longer than this is the last one.
SLOW = 20.0
#: Share of the free memory of the machine that a larger batch may be expected to take.
FREE = 0.8
#: A batch is as fast as the fastest one if its speed is this share of it.
AS_FAST = 0.95


@dataclass(frozen=True)
class Measured:
    """How training is with a batch size.

    Attributes:
        batch: The batch size.
        speed: Images a second, without reading them; None if it does not fit into memory.
        memory: Bytes that it takes on the device, or in the process on a CPU.
    """

    batch: int
    speed: float | None
    memory: int = 0


def batch_sizes(cfg: Any, largest: int = 4096, *, device: str | None = None) -> Iterator[Measured]:
    """Train some steps with larger and larger batches; nothing is written.

    Sizes double until one does not fit, or on a CPU is slow; on an accelerator, the largest one that fits is
    then looked for between the last two.

    Args:
        cfg: The config.
        largest: Where to stop; no batch is larger than the training data.
        device: Where to run.

    Yields:
        Each size as it is measured, in the order of the attempts.
    """
    with trial(cfg, device, workers=0, weights=False) as run:
        batch = first_batch(run.loader)
        largest = min(largest, max(2, len(run.loader.dataset)))
        size, fits, fails = 2, 0, None  # a batch norm needs two
        while size <= largest and _expected(run, size, fits):
            found = _measure(run, batch, size)
            yield found
            if found.speed is None:
                fails = size
                break
            fits = size
            if run.device.type == "cpu" and size / found.speed > SLOW:
                break
            size *= 2
        while fails is not None and fails - fits > max(1, fits // 8):
            size = (fits + fails) // 2
            found = _measure(run, batch, size)
            yield found
            fits, fails = (fits, size) if found.speed is None else (size, fails)


def _expected(run: Trial, size: int, fits: int) -> bool:
    """Whether a batch may be tried: a machine without memory stops other programs, a GPU only says so."""
    if run.device.type != "cpu" or not fits:
        return True
    return memory_in_use() * (size - fits) / size < FREE * free_memory()


def _measure(run: Trial, batch: Any, size: int) -> Measured:
    start = 0.0
    cuda = run.device.type == "cuda"
    try:
        larger = resized(batch, size)
        if cuda:
            torch.cuda.reset_peak_memory_stats(run.device)
        for step in range(WARM + MEASURED):
            if step == WARM:
                run.finish()
                start = time.perf_counter()
            run.step(larger)
        run.finish()
    except (torch.OutOfMemoryError, MemoryError):
        run.wrapper.optimizer.zero_grad(set_to_none=True)
        if cuda:
            torch.cuda.empty_cache()
        return Measured(size, None)
    seconds = (time.perf_counter() - start) / MEASURED
    memory = torch.cuda.max_memory_allocated(run.device) if cuda else memory_in_use()
    return Measured(size, size / max(seconds, 1e-9), memory)


def advise(measured: list[Measured]) -> tuple[int, int]:
    """Return the smallest batch that is about as fast as the fastest one, and the largest that fits.

    Args:
        measured: What was measured; one size at least fits.
    """
    fitting = [item for item in measured if item.speed is not None]
    fastest = max(item.speed or 0 for item in fitting)
    small = min(item.batch for item in fitting if (item.speed or 0) >= AS_FAST * fastest)
    return small, max(item.batch for item in fitting)
