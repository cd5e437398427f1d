"""Names that the parts of a data set have: folders, files, and cells of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Split = Literal["train", "val", "test"]

#: Part -> its names, the best first.
OWN_NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training", "训练"),
    "val": ("val", "valid", "validation", "dev", "eval", "验证"),
    "test": ("test", "testing", "测试"),
}
#: The same, falling back to another part for validation and test.
SPLIT_NAMES: dict[Split, tuple[str, ...]] = {
    "train": OWN_NAMES["train"],
    "val": (*OWN_NAMES["val"], *OWN_NAMES["test"]),
    "test": (*OWN_NAMES["test"], *OWN_NAMES["val"]),
}
#: What may follow such a name: training_set, val2017, test images, 训练集.
_MORE = re.compile(r"[ _-]*(?:set|split|data|images?|imgs?|\d{4}|集)$")


def plain_name(name: str) -> str:
    """Return a name without capitals, and without what may follow the name of a part."""
    return _MORE.sub("", name.strip().lower())


def part_called(name: str) -> Split | None:
    """Return the part that goes by a name; None if it is none of them."""
    plain = plain_name(name)
    return next((part for part, names in OWN_NAMES.items() if plain in names), None)


def named_like(present: Iterable[str], names: tuple[str, ...]) -> list[str]:
    """Return which of the names that are present mean one of ``names``, in the order of these."""
    meant = [(names.index(plain_name(name)), name) for name in present if plain_name(name) in names]
    return [name for _, name in sorted(meant, key=lambda pair: (pair[0], pair[1] not in names, pair[1]))]
