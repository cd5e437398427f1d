"""Measuring in turns: contenders are processes of their own, and a busy machine slows all of them.

A case is a module of `benchmarks/quick` with a function ``setup(library, folder)`` that returns what
measures: it takes nothing and gives figures by name, of which less is better (seconds, MiB). A case that
grows takes a size as well. The same module runs under each Python::

    with Contender(sys.executable, "mmpretrain-2", "training", folder) as ours:
        ours.figures()  # {"training": 3.1}
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import IO, Any

from environments import environment

#: What marks an answer among what libraries print.
ANSWER = "@figures "


@dataclass(frozen=True)
class Ratio:
    """How many times a peer's figure is ours.

    Attributes:
        value: The median of the ratios of the rounds; above 1, we need less.
        low: Lower end of its 95 % interval.
        high: Upper end.
        rounds: Number of rounds.
    """

    value: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, theirs: Sequence[float], ours: Sequence[float]) -> Ratio:
        """Compare figures that were taken in turns.

        The interval has the order statistics between which the median lies with 95 %; below 6 rounds, those
        are the smallest and the largest.
        """
        ratios = sorted(other / own for other, own in zip(theirs, ours))
        count = len(ratios)
        reach = 0.98 * count**0.5
        low, high = int(count / 2 - reach), round(count / 2 + reach)
        return cls(median(ratios), ratios[max(low, 0)], ratios[min(high, count - 1)], count)

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def interpreter(python: str) -> str:
    """The full path of an interpreter; links stay, as environments are found by them.

    Raises:
        SystemExit: If there is none.
    """
    found = shutil.which(python)
    if found is None:
        raise SystemExit(f"There is no Python at {python!r}; benchmarks/peers.sh makes one with the peers")
    return os.path.abspath(found)


def ended(name: str, process: Any, log: IO[str]) -> RuntimeError:
    """The error about a process that has ended, with its last words.

    Args:
        name: What it measures.
        process: The process.
        log: What it wrote to standard error.
    """
    process.wait()
    log.seek(0)
    words = log.read().strip().splitlines()
    return RuntimeError(f"{name} ended: {words[-1] if words else f'no message, code {process.returncode}'}")


class Contender:
    """A process that takes the figures of a case whenever it is asked.

    Args:
        python: Its interpreter.
        library: What it measures: ``'mmpretrain-2'``, ``'mmpretrain-1'`` or ``'timm'``.
        case: Name of the module in `quick`.
        folder: What the case prepared.
        size: The size, for a case that grows.
    """

    def __init__(self, python: str, library: str, case: str, folder: Path, size: int | None = None) -> None:
        python = interpreter(python)
        words = [python, "-W", "ignore", str(Path(__file__).resolve()), library, case, str(folder)]
        words += [] if size is None else [str(size)]
        self.name = f"{library} ({python})"
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the process
        variables = environment(python, OMP_NUM_THREADS="1", MPLBACKEND="Agg", CUDA_VISIBLE_DEVICES="")
        self.process: Any = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            cwd=folder,
            env=variables,
        )

    def figures(self) -> dict[str, float]:
        """Measure once.

        Raises:
            RuntimeError: If the process ended; with its last words.
        """
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it says below why it ended
        for line in self.process.stdout:
            if line.startswith(ANSWER):
                return json.loads(line[len(ANSWER) :])
        raise ended(self.name, self.process, self.log)

    def __enter__(self) -> Contender:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


def serve(library: str, case: str, folder: str, *size: str) -> None:
    """Answer each line of the input with figures."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to the log
    if library == "mmpretrain-1":
        from mmengine.registry import init_default_scope  # type: ignore[import-not-found]

        importlib.import_module("mmpretrain")
        init_default_scope("mmpretrain")
    measure = importlib.import_module(f"quick.{case}").setup(library, Path(folder), *map(int, size))
    if library == "mmpretrain-2" and "torch" in sys.modules:
        from mmpretrain.utils.env import keep_freed_memory

        keep_freed_memory()  # as all its runs do
    for _ in sys.stdin:
        print(ANSWER + json.dumps(measure()), file=answers, flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
