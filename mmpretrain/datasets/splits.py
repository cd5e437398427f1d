"""Data sets with named splits, and helpers to read their list files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils.fileio import join, read_lines

logger = logging.getLogger(__name__)
T = TypeVar("T")


def check_split(split: str, splits: Sequence[str]) -> None:
    """Refuse an unknown split."""
    if split not in splits:
        raise ConfigError(
            f"The split must be one of {', '.join(map(repr, splits))}; got {split!r}", key="split"
        )


def warn_of_training_split(split: str, test_mode: bool) -> None:
    """Warn of evaluation on a training split, which is rarely meant."""
    if test_mode and split in ("train", "trainval"):
        logger.warning("split=%r with test_mode=True: the %s split is evaluated.", split, split)


def parse_lines(path: str, parse: Callable[[str], T]) -> Iterator[T]:
    """Parse the lines of a file that are not empty.

    Raises:
        DataError: With file and line, if ``parse`` fails with a ValueError, KeyError or IndexError.
    """
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            yield parse(line)
        except (ValueError, KeyError, IndexError) as error:
            raise DataError(f"{line!r} is not understood ({error!r})", where=f"{path}:{number}") from error


class SplitDataset(BaseDataset):
    """A data set in the layout of its publisher: a list file for each split, and one folder of images.

    A subclass gives :attr:`SPLITS` and :attr:`IMAGES`, and how to parse a line.

    Args:
        data_root: Folder of the data set.
        split: Which part.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    #: Split to its list file, relative to ``data_root``.
    SPLITS: ClassVar[dict[str, str]] = {}
    #: Folder of the images, relative to ``data_root``.
    IMAGES: ClassVar[str] = "images"
    PLACE = "data_root"

    def __init__(self, data_root: str, split: str = "train", **kwargs: Any) -> None:
        check_split(split, list(self.SPLITS))
        self.split = split
        kwargs.setdefault("test_mode", split == "test")
        super().__init__(ann_file=self.SPLITS[split], data_root=data_root, data_prefix=self.IMAGES, **kwargs)

    def load_data_list(self) -> list[dict]:
        pairs = parse_lines(self.ann_file, self.parse_line)
        return [{"img_path": join(self.img_prefix, name), "gt_label": label} for name, label in pairs]

    def parse_line(self, line: str) -> tuple[str, int]:
        """Return the path of an image, relative to :attr:`IMAGES`, and its label."""
        raise NotImplementedError

    def label_of(self, name: str) -> int:
        """The label of a class that a list file mentions by name."""
        return self.METAINFO["classes"].index(name)

    def extra_repr(self) -> list[str]:
        return [f"Root of dataset: \t{self.data_root}"]
