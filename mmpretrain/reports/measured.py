"""What is measured of the images of a test, for groups and for a few lines about the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mmpretrain.reports.images import ImageFacts, measure
from mmpretrain.reports.parts import ImageSource
from mmpretrain.reports.words import both

#: Most images to measure.
MEASURED = 5000


@dataclass(frozen=True)
class Measured:
    """Facts of some of the images.

    Attributes:
        chosen: Which samples, (M,).
        facts: What was measured of each, None for those that cannot be read; empty if there are no images.
    """

    chosen: np.ndarray
    facts: list[ImageFacts | None]

    @property
    def unreadable(self) -> int:
        """How many could not be read."""
        return sum(fact is None for fact in self.facts)

    def paths(self, paths: Sequence[str]) -> list[str]:
        """Return the paths of these samples, of those of all."""
        return [paths[int(index)] for index in self.chosen] if paths else []

    def rows(self) -> list[tuple[Markup, str]]:
        """Return names and texts for the table of facts."""
        known = [fact for fact in self.facts if fact is not None]
        if not known:
            return []
        sides = [(fact.width, fact.height) for fact in known]
        small, middle, large = (sorted(sides, key=lambda s: s[0] * s[1])[i] for i in (0, len(sides) // 2, -1))
        kinds = Counter(fact.format for fact in known if fact.format).most_common(6)
        bright = np.median([fact.brightness for fact in known])
        rows = [
            (both("image_sizes"), " – ".join("{} × {}".format(*side) for side in (small, middle, large))),
            (both("median_brightness"), f"{bright:.0f} / 255"),
        ]
        if kinds:
            rows.append((both("file_types"), ", ".join(f"{name} {count}" for name, count in kinds)))
        return rows


def measure_some(size: int, images: ImageSource) -> Measured:
    """Measure the images of up to 5,000 samples, with a progress bar.

    Args:
        size: How many samples there are.
        images: Where their images are.
    """
    chosen = np.arange(size)
    if size > MEASURED:
        chosen = np.sort(np.random.default_rng(0).choice(size, MEASURED, replace=False))
    sources = [source for index in chosen if (source := images(int(index))) is not None]
    return Measured(chosen, measure(sources, "Images") if len(sources) == len(chosen) else [])
