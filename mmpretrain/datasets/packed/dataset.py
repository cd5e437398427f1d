"""The data set that reads what ``mmpretrain pack`` wrote."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from mmpretrain.datasets.encoded import EncodedDataset, check_source
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.packed.index import NUMBER, PackIndex, PackTable
from mmpretrain.datasets.packed.layout import PIXELS
from mmpretrain.datasets.packed.places import explain_absence
from mmpretrain.datasets.pixels.prefix import Prefix
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import holding, is_local, join


@DATASETS.register_module()
class PackedDataset(EncodedDataset):
    """A split of a packed data set. Crops at the beginning of a pipeline decode only what they need.

    Records have the keys that they had when they were packed, and ``img_path``, which is the name of the
    image below the folder of the split.

    Args:
        data_root: The folder that ``mmpretrain pack`` wrote.
        split: Which part; ``''`` if ``data_root`` is the folder of a part.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    PLACE = "data_root"
    STORED = (NUMBER,)

    def __init__(self, data_root: str, split: str = "train", **kwargs: Any) -> None:
        check_source(type(self), kwargs, "data_root", "split")
        self.split = split
        super().__init__(data_root=data_root, **kwargs)

    @property
    def folder(self) -> str:
        """The folder of the split."""
        return join(self.data_root, self.split) if self.split else self.data_root

    def load_data_list(self) -> list[dict]:
        if not is_local(self.folder, self.backend_args):
            raise ConfigError(
                f"{self.folder!r} is not on this machine, and packed data are mapped into memory",
                hint="Copy the folder to a disk of this machine.",
                key="data_root",
            )
        try:
            self.index = PackIndex(self.folder)
        except MissingFileError as error:
            raise explain_absence(self.data_root, self.split, error) from error
        for key, value in self.index.header["metainfo"].items():
            if value is not None:
                self._metainfo.setdefault(key, tuple(value) if key == "classes" else value)
        return LazyList(PackTable(self.index, os.path.join(self.folder, "")))

    def image(self, record: dict[str, Any]) -> Any:
        """The image of a record in the form that decodes best."""
        return self.index.image(record[NUMBER])

    def read_image(self, record: dict[str, Any]) -> bytes:
        image = self.image(record)
        return image if isinstance(image, bytes) else image.read()

    def decode(self, record: dict[str, Any], transform: Callable[[dict], Any]) -> Any:
        with holding(record["img_path"], self.image(record)):
            return transform(record)

    def cache_if_it_fits(self) -> bool:
        self._ready()
        decoded = bool((self.index.arrays["kind"] == PIXELS).all())
        if decoded and Prefix(self.pipeline.transforms).only_loads:  # these pixels are in memory as they are
            return False
        return super().cache_if_it_fits()

    def image_signature(self, record: dict[str, Any]) -> int:
        return int.from_bytes(self.index.arrays["hash"][record[NUMBER], :8].tobytes(), "little")

    def extra_repr(self) -> list[str]:
        return [f"Packed data: \t{self.folder}"]
