"""Comparing a packed split with its hashes, and with the data that it was made of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from mmpretrain.datasets.packed import layout
from mmpretrain.datasets.packed.index import PackIndex
from mmpretrain.datasets.packed.layout import FILE
from mmpretrain.datasets.packed.packing import source_bytes
from mmpretrain.datasets.packed.writer import digest_of
from mmpretrain.datasets.transforms.functional.io import imfrombytes
from mmpretrain.datasets.transforms.functional.restarts import find_intervals
from mmpretrain.datasets.transforms.held import HeldPixels, RestartJpeg
from mmpretrain.errors import DataError

#: Images that are handed to the threads at once.
WINDOW = 256


def verify(index: PackIndex, source: Any = None, threads: int = 1) -> Iterator[str | None]:
    """Look at every image, and yield what is wrong with it, or None, in order.

    Args:
        index: The packed split.
        source: The data set that it was made of, to compare with; pixels of images that were encoded again
            are not compared.
        threads: How many images to look at at the same time.

    Raises:
        DataError: If the index is not as it was written.
    """
    path = os.path.join(index.folder, layout.INDEX)
    if not layout.is_as_written(path):
        raise DataError(
            "The index of the packed data set is damaged: its check sum is missing or wrong",
            where=path,
            hint="Copy or pack it again.",
        )
    settings = index.header["settings"]
    lossless = settings.get("quality") is None and settings.get("short_edge") is None
    numbers = iter(range(len(index)))

    def look(number: int) -> str | None:
        try:
            return _problem(index, number, source, lossless)
        except (DataError, OSError) as error:
            return str(error)

    with ThreadPoolExecutor(threads) as pool:
        while window := list(islice(numbers, WINDOW)):
            yield from pool.map(look, window)


def _problem(index: PackIndex, number: int, source: Any, lossless: bool) -> str | None:
    stored = index.stored(number)
    if digest_of(stored) != index.arrays["hash"][number].tobytes():
        return "its bytes do not have the hash of the index"
    if any(index.padding(number)):
        return "the bytes in front of it are not those that were written"
    image = index.image(number)
    if isinstance(image, RestartJpeg):
        found = find_intervals(stored)
        if found is None or found[0] != image.intervals or not np.array_equal(found[1], image.starts):
            return "its restart intervals are not where the index says"
    if source is None or not lossless:
        return None
    before = source_bytes(source, number)
    if before == stored:
        return None
    if index.arrays["kind"][number] == FILE:
        return "it differs from the file that it was made of"
    pixels = image.pixels if isinstance(image, HeldPixels) else imfrombytes(stored)
    same = np.array_equal(pixels, imfrombytes(before))
    return None if same else "its pixels differ from those of the file that it was made of"
