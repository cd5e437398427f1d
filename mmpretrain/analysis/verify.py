"""Reading every image of a data set, to find those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.places import loader_of, place_of, root_of
from mmpretrain.errors import MMPretrainError
from mmpretrain.utils.brief import said

#: Images that are handed to the threads at once.
WINDOW = 512


@dataclass(frozen=True)
class Broken:
    """An image that cannot be read.

    Attributes:
        index: Its place in the data set.
        path: The file, or where the sample is described.
        reason: Why.
    """

    index: int
    path: str
    reason: str


def check_images(dataset: Any, threads: int = 1) -> Iterator[Broken | None]:
    """Decode every image, and yield what is wrong with it, or None, in order.

    Args:
        dataset: The data set.
        threads: How many images to decode at the same time.
    """
    indices = iter(range(len(dataset)))
    with ThreadPoolExecutor(threads) as pool:
        while window := list(islice(indices, WINDOW)):
            yield from pool.map(lambda index: _check(dataset, index), window)


def _check(dataset: Any, index: int) -> Broken | None:
    plain, place = root_of(dataset, index)
    load = loader_of(plain)
    info: dict[str, Any] = {}
    try:
        if load is None:  # it reads images in its own way
            plain.get_data_info(place)
            return None
        info = plain.get_data_info(place)
        if isinstance(plain, EncodedDataset):
            plain.decode(info, load)
        elif "img" not in info:
            load(info)
    except (MMPretrainError, OSError) as error:
        path = info.get("img_path")
        reason = " ".join(str(getattr(error, "message", None) or said(error)).split())
        return Broken(index, path if isinstance(path, str) else place_of(dataset, index), reason)
    return None
