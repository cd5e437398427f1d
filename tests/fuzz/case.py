"""Targets, cases and outcomes, and how a case is kept on disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

#: What can become of a case. The first two are what is wanted.
OUTCOMES = ("accepted", "answered", "traceback", "hang", "memory", "crash")
SURVIVED = frozenset(OUTCOMES[:2])
_ABOUT = "case.json"


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        note: What was done to make it, for people.
        files: The files of the working folder.
        argument: What else the target's ``run`` needs; anything that JSON can hold.
    """

    note: str
    files: dict[str, bytes] = field(default_factory=dict)
    argument: Any = None

    def write(self, folder: Path) -> None:
        """Write the files below a folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@dataclass(frozen=True)
class Target:
    """A kind of input.

    Attributes:
        name: Name in the table, and of the module.
        make: Makes input ``number``; takes all randomness from the generator.
        run: Feeds a case to mmpretrain.
        seconds: A case that takes longer is a hang.
        megabytes: How much the process may grow in a case.
        quick: How many cases the quick test tries.
        total: How many there are, if they are a fixed list.
        prepare: Imports what the cases need, once, before processes are forked.
    """

    name: str
    make: Callable[[Random, int], Case]
    run: Callable[[Case], None]
    seconds: float = 20.0
    megabytes: int = 512
    quick: int = 200
    total: int | None = None
    prepare: Callable[[], object] = lambda: None

    def case(self, seed: int, number: int) -> Case:
        """Return case ``number`` of a seed."""
        return self.make(Random(f"{self.name}:{seed}:{number}"), number)


@dataclass(frozen=True)
class Failure:
    """A case that did not survive.

    Attributes:
        kind: Equal for failures of one cause, as far as that can be told: outcome, error and innermost frame.
        detail: The traceback, or what else is known.
    """

    number: int
    outcome: str
    kind: str
    detail: str


@dataclass
class Report:
    """What became of the cases of one target."""

    target: Target
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def tried(self) -> int:
        """How many cases were run."""
        return self.counts.total()

    @property
    def survived(self) -> int:
        """How many of them were accepted or answered by a sentence."""
        return sum(self.counts[outcome] for outcome in SURVIVED)

    def kinds(self) -> dict[str, list[Failure]]:
        """Return the failures by kind, the most frequent first."""
        groups: dict[str, list[Failure]] = {}
        for failure in self.failures:
            groups.setdefault(failure.kind, []).append(failure)
        return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def save(report: Report, failure: Failure, root: Path) -> Path:
    """Keep a failed case in a folder that :func:`load` reads."""
    case = report.target.case(report.seed, failure.number)
    folder = root / f"{report.target.name}-{report.seed}-{failure.number}"
    folder.mkdir(parents=True, exist_ok=True)
    case.write(folder / "files")
    about = {"target": report.target.name, "note": case.note, "argument": case.argument, "kind": failure.kind}
    (folder / _ABOUT).write_text(json.dumps(about, indent=1))
    (folder / "detail.txt").write_text(failure.detail, errors="backslashreplace")
    return folder


def load(folder: Path) -> tuple[str, Case]:
    """Return the target's name and the case that :func:`save` wrote."""
    about = json.loads((folder / _ABOUT).read_text())
    root = folder / "files"
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return about["target"], Case(about["note"], files, about["argument"])
