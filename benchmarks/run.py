"""The quick set: all cases of `quick`, against MMPretrain 1.2 and timm, in under 10 minutes on a quiet
machine.

    benchmarks/peers.sh                    # once: an environment with the peers in .venv-peers
    python benchmarks/run.py               # or: make bench
    python benchmarks/run.py --only training prediction --write no

It prints a table as it goes. At the end it writes the table into benchmarks/README.md between the markers,
the figures of all rounds into benchmarks/latest.json, and plots into benchmarks/plots. Without peers, only
our figures are taken.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import page
from turns import Contender, interpreter

HERE = Path(__file__).parent
OURS = "mmpretrain-2"
PEERS = HERE.parent / ".venv-peers" / "bin" / "python"


@dataclass(frozen=True)
class Case:
    """A row, or several, of the table.

    Attributes:
        module: Its module in `quick`.
        title: What is measured.
        seconds: When to stop, after at least three rounds.
        peers: Which libraries are measured in turns with ours.
        fresh: Whether each round needs a new process.
        sizes: The sizes, for a case that grows.
        rounds: The most rounds.
    """

    module: str
    title: str
    seconds: float
    peers: tuple[str, ...] = ("mmpretrain-1",)
    fresh: bool = False
    sizes: tuple[int, ...] = ()
    rounds: int = 15


CASES = (
    Case("startup", "Start-up of a new process", 35),
    Case("config", "Reading configs", 15),
    Case("index", "Index of 300,000 samples", 30, fresh=True),
    Case("pipeline", "Transforms of a 500 x 375 JPEG, one thread", 25, ("mmpretrain-1", "timm")),
    Case("loader", "Data loader, 2 workers", 25),
    Case("overhead", "Engine", 25),
    Case("training", "ResNet-18 training, 112 pixels, end to end", 60),
    Case("evaluation", "ResNet-18 evaluation over a folder, 112 pixels", 40),
    Case("prediction", "ResNet-18 inferencer on a folder, 224 pixels", 45),
    Case("models", "Models, 2 images of 224 pixels, one thread", 60, ("mmpretrain-1", "timm")),
    Case(
        "memory",
        "Peak memory of a ResNet-50 step, 8 images",
        35,
        ("mmpretrain-1", "timm"),
        fresh=True,
        rounds=3,
    ),
    Case("workers", "Data loader by number of workers", 25, (), fresh=True, sizes=(1, 2, 4, 8), rounds=3),
    Case(
        "growth_classes",
        "Metrics by number of classes, per sample",
        40,
        fresh=True,
        sizes=(10, 1_000, 21_841),
        rounds=3,
    ),
    Case(
        "growth_samples",
        "Index by number of samples",
        60,
        (),
        fresh=True,
        sizes=(1_000_000, 4_000_000, 14_000_000),
        rounds=1,
    ),
)


@dataclass
class Outcome:
    """What a case gave for one size.

    Attributes:
        case: Its module.
        title: What was measured.
        size: The size, of a case that grows.
        figures: By library, by name: one value for each round.
        problems: What a peer said that could not be measured.
        seconds: How long it took.
    """

    case: str
    title: str
    size: int | None = None
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def measure(case: Case, folder: Path, peers: str | None, rounds: int | None) -> Iterator[Outcome]:
    """Take the figures of a case, of ours and of the peers in turns."""
    module: Any = importlib.import_module(f"quick.{case.module}")
    getattr(module, "prepare", lambda _: None)(folder)
    pythons = {OURS: sys.executable, **dict.fromkeys(case.peers if peers else (), peers or "")}
    for size in case.sizes or (None,):
        start = time.perf_counter()
        outcome = Outcome(case.module, case.title, size, {library: {} for library in pythons})
        allowed = case.seconds / max(len(case.sizes), 1)
        with ExitStack() as stack:
            standing: dict[str, Contender] = {}
            for turn in range(min(rounds or case.rounds, case.rounds)):
                if turn >= min(3, rounds or 3) and time.perf_counter() - start > allowed:
                    break
                order = [library for library in pythons if library not in outcome.problems]
                for library in order[:: 1 if turn % 2 else -1]:
                    _take(outcome, case, library, pythons[library], folder, standing, stack)
        outcome.seconds = time.perf_counter() - start
        yield outcome


def _take(
    outcome: Outcome,
    case: Case,
    library: str,
    python: str,
    folder: Path,
    standing: dict[str, Contender],
    stack: ExitStack,
) -> None:
    """Take one round of one library, in a new process or in the one that stands by."""
    try:
        if case.fresh:
            with Contender(python, library, case.module, folder, outcome.size) as contender:
                found = contender.figures()
        else:
            if library not in standing:
                contender = Contender(python, library, case.module, folder, outcome.size)
                standing[library] = stack.enter_context(contender)
            found = standing[library].figures()
    except RuntimeError as error:
        if library == OURS:
            raise
        outcome.problems[library] = str(error)
        outcome.figures.pop(library)
        return
    for name, value in found.items():
        outcome.figures[library].setdefault(name, []).append(value)


def main() -> int:
    """Run the set, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [case.module for case in CASES]
    parser.add_argument("--peers", help="Python with MMPretrain 1.2 and timm; by default that of peers.sh")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="cases to run")
    parser.add_argument("--rounds", type=int, help="at most so many rounds")
    parser.add_argument("--write", choices=("yes", "no"), default="yes", help="update README, json and plots")
    args = parser.parse_args()
    peers = args.peers or (str(PEERS) if PEERS.exists() else None)
    peers = peers and interpreter(peers)
    if peers is None:
        print("No peers: benchmarks/peers.sh makes an environment with them. Only our figures are taken.")
    start, load = time.perf_counter(), os.getloadavg()[0]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in CASES:
            if case.module not in args.only:
                continue
            for outcome in measure(case, Path(scratch), peers, args.rounds):
                outcomes.append(outcome)
                print(page.text(outcome), flush=True)
    machine = page.Machine.here(peers, load, time.perf_counter() - start)
    print(f"\n{machine}")
    if args.write == "yes":
        page.write(HERE, outcomes, machine, complete=set(args.only) == set(names))
    return 1 if any(outcome.problems for outcome in outcomes) else 0


def sizes_of(outcomes: Sequence[Outcome], case: str) -> list[int]:
    """The sizes of a case that grows."""
    return [outcome.size for outcome in outcomes if outcome.case == case and outcome.size is not None]


if __name__ == "__main__":
    sys.exit(main())
