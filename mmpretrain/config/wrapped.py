"""Configs of data sets inside of those of wrappers, such as ``RepeatDataset`` and ``ConcatDataset``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def plain_datasets(dataset: Any) -> Iterator[Any]:
    """Yield the configs of all data sets inside of wrappers, or ``dataset`` itself if it is no wrapper."""
    inner = [dataset["dataset"]] if "dataset" in dataset else dataset.get("datasets")
    if inner is None:
        yield dataset
    else:
        for item in inner:
            yield from plain_datasets(item)


def innermost(dataset: Any) -> Any:
    """The config of the (first) data set inside of all wrappers."""
    return next(plain_datasets(dataset))
