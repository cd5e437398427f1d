"""What an audit finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

from mmpretrain.audit.samples import Samples

Kind = Literal[
    "unreadable", "leak", "duplicate", "label", "outlier",
    "dark", "bright", "flat", "blurred", "tiny", "shape", "rotated", "grey",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What is left out without being asked for: nothing is lost by it.
LEFT_OUT: tuple[Kind, ...] = ("unreadable", "leak", "duplicate")
#: What each kind means, for people.
MEANING: dict[Kind, str] = {
    "unreadable": "cannot be read",
    "leak": "the same picture is in a part for validation or test",
    "duplicate": "the same picture is there once more",
    "label": "the label is probably wrong",
    "outlier": "unlike all others",
    "dark": "almost black",
    "bright": "almost white",
    "flat": "shows nothing",
    "blurred": "blurred, compared with the others",
    "tiny": "much smaller than the others",
    "shape": "much longer or higher than the others",
    "rotated": "lies on its side but for its EXIF note, which not every program obeys",
    "grey": "grey among colour images",
}


@dataclass(frozen=True)
class Finding:
    """Something that is odd about a sample.

    Attributes:
        kind: What.
        index: The sample; of a leak or a duplicate, the one that can be done without.
        score: How clear it is; higher is clearer, within a kind.
        other: The sample that it is the same as.
        suggested: The class that it probably has.
        detail: A few words about it.
    """

    kind: Kind
    index: int
    score: float = 1.0
    other: int | None = None
    suggested: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Audit:
    """What was found in a data set.

    Attributes:
        samples: The samples.
        findings: What was found, kind by kind, the clearest first.
        notes: Sentences about the whole set, and about what could not be looked at.
        basis: What label suspects and outliers rest on.
    """

    samples: Samples
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    basis: str = ""
    counts: Counter[Kind] = field(init=False)

    def __post_init__(self) -> None:
        order = {kind: place for place, kind in enumerate(KINDS)}
        ordered = sorted(self.findings, key=lambda one: (order[one.kind], -one.score, one.index))
        object.__setattr__(self, "findings", tuple(ordered))
        object.__setattr__(self, "counts", Counter(one.kind for one in ordered))

    def of_kind(self, kind: Kind) -> list[Finding]:
        """Return the findings of a kind, the clearest first."""
        return [one for one in self.findings if one.kind == kind]
