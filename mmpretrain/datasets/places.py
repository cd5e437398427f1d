"""Where the samples of a data set come from, through wrappers: data set, number, line of the config, path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.transforms import LoadImageFromFile
from mmpretrain.utils.fileio import is_local, read_lines


def root_of(dataset: Any, index: int) -> tuple[Any, int]:
    """The plain data set that holds a sample of a wrapper, and its index there."""
    while hasattr(dataset, "locate"):
        dataset, index = dataset.locate(index)
    return dataset, index


def place_of(dataset: Any, index: int) -> str:
    """Where a sample is described: a line of the annotation file, or the image itself."""
    dataset, index = root_of(dataset, index)
    path = str(dataset.get_data_info(index).get("img_path", f"sample {index}"))
    listing = getattr(dataset, "ann_file", "")
    if listing.endswith((".txt", ".csv", ".tsv")) and is_local(listing) and os.path.isfile(listing):
        prefix = getattr(dataset, "img_prefix", "")
        name = path.removeprefix(prefix).lstrip("/")
        for number, line in enumerate(read_lines(listing), 1):
            if name in line:
                return f"{listing}:{number}"
    return path


def leaves(dataset: Any) -> list[Any]:
    """The plain data sets that a wrapper consists of."""
    if hasattr(dataset, "locate"):
        return [leaf for inner in dataset.datasets for leaf in leaves(inner)]
    return [dataset]


def source_of_samples(dataset: Any) -> str:
    """The files or folders that list the samples, as far as they are known."""
    places = [getattr(leaf, "ann_file", "") or getattr(leaf, "img_prefix", "") for leaf in leaves(dataset)]
    return ", ".join(filter(None, places)) or type(dataset).__name__


def loader_of(dataset: Any) -> Any | None:
    """The transform that reads the images of a plain data set; None if the data set reads them itself."""
    steps = getattr(getattr(dataset, "pipeline", None), "transforms", None)
    if steps is None or not hasattr(dataset, "get_data_info"):
        return None
    load = steps[0] if steps else LoadImageFromFile()
    return load if isinstance(load, LoadImageFromFile) else None


def image_paths(dataset: Any) -> Iterator[tuple[int, str]]:
    """Paths of the images of a plain data set that are local files of their own, with their indices."""
    load = loader_of(dataset)
    own_files = (
        not isinstance(dataset, EncodedDataset) and load is not None and is_local("", load.backend_args)
    )
    for index in range(len(dataset) if own_files else 0):
        info = dataset.get_data_info(index)
        paths = info.get("img_path") if "img" not in info else None
        for path in paths if isinstance(paths, (list, tuple)) else [paths] if paths else []:
            if is_local(path):
                yield index, str(path)
