"""From the texts of labels to what is learned, classes, and their numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from mmpretrain.datasets.labels import to_indices
from mmpretrain.errors import DataError

#: What separates the labels in a cell of a table.
SEPARATORS = (";", "|")
#: What stands in the place of a number that is missing.
_MISSING = ("", "nan", "none", "null", "na", "n/a", "-", "?")
_PADDED = re.compile(r"0\d+")


def are_measured(texts: Sequence[str]) -> bool:
    """Whether labels are numbers, and not all whole; of up to half of them, the number may be missing."""
    given = [text for text in texts if text.strip().lower() not in _MISSING]
    if 2 * len(given) < len(texts):
        return False
    try:
        return any(not float(text).is_integer() for text in given) and all(
            map(math.isfinite, map(float, given))
        )
    except (ValueError, OverflowError):
        return False


def are_several(texts: Sequence[str]) -> bool:
    """Whether some cells hold several labels: with ``;`` or ``|``, or with commas between known labels."""
    if any(mark in text for text in texts for mark in SEPARATORS):
        return True
    alone = {text for text in texts if "," not in text}
    joined = [text for text in set(texts) if "," in text]
    return bool(joined) and all(one in alone for text in joined for one in _split(text, ","))


def single(
    texts: Sequence[str], where: Callable[[int], str]
) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
    """Return the classes, and the class of each sample, (N, 1).

    Numbers that do not occur are no classes; numbers with leading zeros are names.

    Raises:
        DataError: If a label is missing or negative, or names and numbers are mixed.
    """
    if any(map(_PADDED.fullmatch, texts)) and all(texts):
        classes = tuple(sorted(set(texts)))
        place = {name: index for index, name in enumerate(classes)}
        return classes, [(place[text],) for text in texts]
    numbers, found = to_indices(texts, None, where)
    least = min(numbers, default=0)
    if least < 0:
        raise DataError(f"{least} is no label", where=where(numbers.index(least)))
    if found is not None:
        return found, [(number,) for number in numbers]
    present = sorted(set(numbers))
    rank = {number: index for index, number in enumerate(present)}
    return tuple(map(str, present)), [(rank[number],) for number in numbers]


def several(texts: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
    """Return the classes, and those of each sample."""
    marks = (*SEPARATORS, ",")
    mark = next((mark for mark in marks if any(mark in text for text in texts)), ";")
    split = [_split(text, mark) for text in texts]
    classes = tuple(sorted({one for names in split for one in names}))
    place = {name: index for index, name in enumerate(classes)}
    return classes, [tuple(sorted({place[name] for name in names})) for names in split]


def _split(text: str, mark: str) -> list[str]:
    return [one.strip() for one in text.split(mark) if one.strip()]
