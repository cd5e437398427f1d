"""Images in an LMDB database."""

from __future__ import annotations

import os
from typing import Any

from mmpretrain.datasets.custom import CustomDataset
from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import is_absolute, join
from mmpretrain.utils.storage import filesystem


@DATASETS.register_module()
class LMDBDataset(EncodedDataset, CustomDataset):
    """Encoded images by key, in the two forms of :class:`CustomDataset`.

    With ``ann_file`` it lists keys, one ``key index`` a line. Without it, all keys that end like the name of
    an image count, and what comes before the first ``/`` is the class.

    Args:
        db_path: File or folder of the database, relative to ``data_root``.
        data_root: Folder that ``db_path`` and ``ann_file`` are relative to.
        ann_file: The list of keys.
        **kwargs: Further arguments of :class:`CustomDataset`; ``data_prefix`` is what keys begin with.
    """

    PLACE = "db_path"

    def __init__(self, db_path: str, data_root: str = "", ann_file: str = "", **kwargs: Any) -> None:
        relative = data_root and not is_absolute(db_path)
        self.db_path = os.path.expanduser(join(data_root, db_path) if relative else db_path)
        if ann_file and data_root and not is_absolute(ann_file):
            ann_file = join(data_root, ann_file)
        kwargs.setdefault("data_prefix", {"img_path": ""})
        super().__init__(ann_file=ann_file, **kwargs)

    @property
    def database(self) -> Any:
        """The open database, one per process."""
        return filesystem("lmdb", {"db_path": self.db_path})

    def read_image(self, record: dict[str, Any]) -> bytes:
        try:
            return self.database.cat_file(record["img_path"])
        except FileNotFoundError as error:
            raise DataError(f"There is no key {record['img_path']!r}", where=self.db_path) from error

    def _find_samples(self) -> tuple[list[str], list[int]]:
        prefix = self.img_prefix
        keys = [key[len(prefix) :] for key in self.database.ls(prefix, detail=False)]
        keys = [key for key in keys if self.is_valid_file(key)]
        if not self.with_label:
            return keys, []
        names = [key.partition("/")[0] for key in keys]
        if self.CLASSES is None:
            self._metainfo["classes"] = tuple(sorted(set(names)))
        position = self.class_to_idx
        if unknown := set(names) - position.keys():
            raise DataError(f"Keys begin with what is no class: {sorted(unknown)[:3]}", where=self.db_path)
        return keys, [position[name] for name in names]

    def extra_repr(self) -> list[str]:
        return [f"Database: \t{self.db_path}", *super().extra_repr()]
