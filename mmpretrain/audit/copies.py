"""Pictures that are there more than once, in one part or in two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmpretrain.audit.findings import Finding
from mmpretrain.audit.samples import Samples
from mmpretrain.datasets.fingerprints import Fingerprints
from mmpretrain.datasets.near_duplicates import copies, same_content


def find_copies(samples: Samples, prints: Fingerprints, *, turned: bool = False) -> Iterator[Finding]:
    """Find leaks between parts, and duplicates in a part.

    A leak is a picture of training that is in another part, too: the one of training can be done without. Of
    duplicates in a part, all but the first can.

    Args:
        samples: The samples.
        prints: Their fingerprints.
        turned: Count mirrored and turned pictures, too.
    """
    first = same_content(prints)
    leaks: dict[int, Finding] = {}
    doubles: dict[int, Finding] = {}
    for a, b, likeness in _pairs(first, prints, turned):
        a, b = min(a, b), max(a, b)
        exact = likeness == np.inf
        detail = "equal files" if exact else f"alike by {likeness:.3f}"
        if samples.differ(a, b):
            detail += ", with another label"
        score = 2.0 if exact else float(likeness)
        if samples.part[a] == samples.part[b]:
            _keep(doubles, Finding("duplicate", b, score, other=a, detail=detail))
        else:
            _keep(leaks, Finding("leak", a, score, other=b, detail=detail))
    yield from leaks.values()
    yield from (one for index, one in doubles.items() if index not in leaks)


def _keep(found: dict[int, Finding], finding: Finding) -> None:
    before = found.get(finding.index)
    if before is None or finding.score > before.score:
        found[finding.index] = finding


def _pairs(first: np.ndarray, prints: Fingerprints, turned: bool) -> Iterator[tuple[int, int, float]]:
    """Yield pairs of samples and their likeness: infinite for equal files, each with each of a group."""
    members: dict[int, list[int]] = {}
    for index, root in enumerate(first.tolist()):
        if index not in prints.errors:
            members.setdefault(root, []).append(index)
    for group in members.values():
        yield from ((group[0], other, float("inf")) for other in group[1:])
    for (a, b), likeness in zip(*copies(prints, turned=turned)):
        yield from ((x, y, float(likeness)) for x in members[int(a)] for y in members[int(b)])
