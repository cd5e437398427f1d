"""Images that look unlike those around them: dark, blurred, tiny, of another shape, turned, grey."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from mmpretrain.audit.findings import Finding
from mmpretrain.reports.images import ImageFacts

#: A set is one of colour images if at least this share of them has colour.
MOSTLY = 0.9
#: A grey level below which an image is almost black, and above which almost white.
BLACK, WHITE = 20, 235
#: Contrast below which an image shows nothing, in grey levels.
NOTHING = 2.0
#: So many times smaller, longer or less sharp than usual is odd.
SMALLER, LONGER, SOFTER = 4.0, 2.5, 20.0
#: Sets of fewer images have nothing that is usual.
ENOUGH = 8


def find_odd_images(facts: Sequence[ImageFacts | None]) -> Iterator[Finding]:
    """Find odd images.

    Brightness is compared with limits and with the set, so that digits on black are not dark; size, shape and
    sharpness only with the set.

    Args:
        facts: What was measured of each; None for those that cannot be read.
    """
    known = [fact for fact in facts if fact is not None]
    if not known:
        return
    usual = _Usual(known)
    for index, fact in enumerate(facts):
        if fact is not None:
            yield from _of_image(index, fact, usual)


class _Usual:
    """What images of a set are like.

    Args:
        facts: What was measured of them.
    """

    def __init__(self, facts: Sequence[ImageFacts]) -> None:
        self.enough = len(facts) >= ENOUGH
        bright = np.array([fact.brightness for fact in facts])
        low, high = np.quantile(bright, [0.25, 0.75])
        reach = 1.5 * (high - low)
        self.dark, self.bright = min(BLACK, low - reach), max(WHITE, high + reach)
        if not self.enough:
            self.dark, self.bright = BLACK, WHITE
        self.side = float(np.median([min(fact.width, fact.height) for fact in facts]))
        self.aspect = float(np.median([_aspect(fact) for fact in facts]))
        self.sharpness = float(np.median([fact.sharpness for fact in facts]))
        self.colour = float(np.mean([fact.colour for fact in facts])) >= MOSTLY


def _aspect(fact: ImageFacts) -> float:
    return math.log(fact.width / max(fact.height, 1))


def _of_image(index: int, fact: ImageFacts, usual: _Usual) -> Iterator[Finding]:
    side = min(fact.width, fact.height)
    detail = f"brightness {fact.brightness:.0f} of 255"
    soft = usual.enough and 2 * side >= usual.side and fact.sharpness * SOFTER < usual.sharpness
    if fact.brightness < usual.dark:
        yield Finding("dark", index, usual.dark - fact.brightness, detail=detail)
    elif fact.brightness > usual.bright:
        yield Finding("bright", index, fact.brightness - usual.bright, detail=detail)
    elif fact.contrast < NOTHING:
        yield Finding("flat", index, NOTHING - fact.contrast, detail=f"contrast {fact.contrast:.1f} of 255")
    elif soft:
        detail = f"sharpness {fact.sharpness:.3g}, usually {usual.sharpness:.3g}"
        yield Finding("blurred", index, usual.sharpness / max(fact.sharpness, 1e-9), detail=detail)
    if usual.enough and side * SMALLER < usual.side:
        yield Finding("tiny", index, usual.side / max(side, 1), detail=f"{fact.width} x {fact.height}")
    longer = abs(_aspect(fact) - usual.aspect)
    if usual.enough and longer > math.log(LONGER):
        yield Finding("shape", index, longer, detail=f"{fact.width} x {fact.height}")
    if fact.turned:
        yield Finding("rotated", index, detail=f"EXIF orientation {fact.turned}")
    if usual.enough and usual.colour and not fact.colour:
        yield Finding("grey", index, detail="no colour")
