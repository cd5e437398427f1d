"""Names of pictures, such that none overwrites another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any


class PictureNames:
    """Names pictures after their files.

    A file's name is enough if no other file of the data set has it. Otherwise, the folders that tell them
    apart go in front of it: ``ant_000.jpg`` and ``bee_000.jpg``. So a name depends on the data set only, and
    not on the order of the samples or the number of processes.
    """

    def __init__(self) -> None:
        self._dataset: Any = None
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, path: str, dataset: Any) -> str:
        """Return the name of a picture.

        Args:
            path: Path or URL of the image.
            dataset: Where the image comes from.
        """
        if dataset is not self._dataset:
            self._dataset = dataset
            self._names = distinct_names(_paths(dataset))
            self._taken = set(self._names.values())
        name = self._names.get(path)
        if name is None:  # the data set does not list it
            name = _last_parts(path, 1)
            depth = 2
            while name in self._taken and depth <= len(_parts(path)):
                name, depth = _last_parts(path, depth), depth + 1
            name = _unique(name, self._taken)
            self._names[path] = name
        return name


def distinct_names(paths: Iterable[str]) -> dict[str, str]:
    """Return a name for each path: its last part, and before it the folders that tell it from others."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    groups: dict[str, list[str]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        groups[_last_parts(path, 1)].append(path)
    for group in groups.values():
        depth, longest = 1, max(len(_parts(path)) for path in group)
        while depth < longest and len({_last_parts(path, depth) for path in group}) < len(group):
            depth += 1
        for path in group:
            names[path] = _unique(_last_parts(path, depth), taken)
    return names


def _unique(name: str, taken: set[str]) -> str:
    """Return a name with a number in front if it is taken, and take it."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{number}_{name}"
    taken.add(found)
    return found


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"[/\\:]+", path) if part not in ("", ".", "..")] or ["picture"]


def _last_parts(path: str, count: int) -> str:
    return "_".join(_parts(path)[-count:])


def _paths(dataset: Any) -> list[str]:
    """Return the paths of the images of a data set, as far as it knows them."""
    info = getattr(dataset, "get_data_info", None)
    if info is None:
        return []
    found = (info(index) for index in range(len(dataset)))
    return [str(item["img_path"]) for item in found if isinstance(item, dict) and item.get("img_path")]
