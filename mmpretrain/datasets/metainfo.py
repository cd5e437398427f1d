"""What a data set says about all of its samples."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any


class Described:
    """Has meta information: a dict, in which ``classes`` are the names of the classes."""

    _metainfo: dict[str, Any]

    @property
    def metainfo(self) -> dict[str, Any]:
        """A copy of the meta information."""
        return copy.deepcopy(self._metainfo)

    @property
    def CLASSES(self) -> Sequence[str] | None:
        """Names of all classes; the position of a name is its label."""
        return self._metainfo.get("classes")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: label for label, name in enumerate(self.CLASSES or ())}
