"""The records of a data set: read from annotations, filtered and chosen; no image is opened."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from torch.utils.data import Dataset

from mmpretrain.datasets.choice import positions, read_indices
from mmpretrain.datasets.labels import label_indices
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.leave_out import paths_of, samples_to_keep
from mmpretrain.datasets.metainfo import Described
from mmpretrain.datasets.records import RecordTable
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.fileio import default_backend, exists, is_absolute, is_file, join, read_lines
from mmpretrain.utils.plain_data import load


def expanduser(path: Any) -> Any:
    """Replace a leading ``~`` of a path; anything else is returned as it is."""
    return os.path.expanduser(path) if isinstance(path, (str, os.PathLike)) else path


class RecordList(Described, Dataset):
    """What :class:`~mmpretrain.datasets.BaseDataset` knows of its samples without opening an image.

    Args:
        ann_file: See :class:`~mmpretrain.datasets.BaseDataset`, as for the others.
        metainfo: Information on the data set.
        data_root: Folder, or URL, that the other paths are relative to.
        data_prefix: Folder of the images, or folders by key of the record.
        filter_cfg: Settings for :meth:`filter_data`.
        indices: Samples to keep.
        serialize_data: Keep the records in a compact form.
        classes: Class names, or a file with one a line.
        audit: File that lists samples to leave out.
        backend_args: Storage of the annotations.
    """

    METAINFO: dict = {}
    #: The argument that says where the samples are.
    PLACE: ClassVar[str] = "data_prefix"
    #: What to do where an argument leads to what is not there.
    ADVICE: ClassVar[dict[str, str]] = {
        "ann_file": "Set ann_file (relative to data_root) to the annotation file.",
        "data_prefix": "Set data_prefix (relative to data_root) to the folder of the images.",
        "data_root": "Set data_root to the folder of the data set.",
    }
    _fully_initialized: bool = False

    def __init__(
        self,
        ann_file: str | None,
        metainfo: Mapping[str, Any] | None,
        data_root: str | None,
        data_prefix: str | Mapping[str, str] | None,
        *,
        filter_cfg: dict | None,
        indices: int | Sequence[int] | str | None,
        serialize_data: bool,
        classes: str | Sequence[str] | None,
        audit: str | None,
        backend_args: Mapping[str, Any] | None,
    ) -> None:
        self.ann_file: str = expanduser(ann_file) or ""
        self.data_root: str = expanduser(data_root) or ""
        if not isinstance(data_prefix, Mapping):
            data_prefix = {"img_path": data_prefix or ""}
        self.data_prefix: Any = {key: expanduser(prefix) for key, prefix in data_prefix.items()}
        self._metainfo = self._load_metainfo(self._with_classes(metainfo, classes))
        self.filter_cfg = copy.deepcopy(filter_cfg)
        self._indices = indices
        self._audit: str | None = expanduser(audit)
        self.serialize_data = serialize_data
        self.backend_args = backend_args
        self.data_list: list[dict] = []
        self._records: RecordTable | None = None
        self._join_prefix()

    # -- meta information -----------------------------------------------------------------------------

    @classmethod
    def _with_classes(
        cls, metainfo: Mapping[str, Any] | None, classes: str | Sequence[str] | None
    ) -> dict[str, Any]:
        if metainfo is not None and not isinstance(metainfo, Mapping):
            raise TypeError(f"metainfo must be a dict, got {type(metainfo).__name__}: {metainfo!r}")
        own: Any = cls.CLASSES
        if classes is None and not isinstance(own, property):  # 0.x: a class attribute
            classes = own
        if classes is None:
            return dict(metainfo or {})
        if isinstance(classes, (str, os.PathLike)):
            classes = read_lines(expanduser(classes))
        elif not isinstance(classes, (list, tuple)):
            raise ValueError(f"classes must be a file or a sequence of names, got {type(classes).__name__}")
        return {"classes": tuple(classes), **(metainfo or {})}

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Merge ``metainfo`` over that of the class; a value that names a file stands for its lines."""
        merged = copy.deepcopy(cls.METAINFO)
        for key, value in (metainfo or {}).items():
            is_list_file = isinstance(value, str) and "\n" not in value and is_file(value)
            merged[key] = read_lines(value) if is_list_file else copy.deepcopy(value)
        return merged

    @Described.CLASSES.setter
    def CLASSES(self, names: Sequence[str] | None) -> None:
        self._metainfo["classes"] = names

    @property
    def img_prefix(self) -> str:
        """The folder, or URL, of the images."""
        prefix = self.data_prefix
        return prefix["img_path"] if isinstance(prefix, Mapping) else prefix

    def _join_prefix(self) -> None:
        """Make ``ann_file`` and ``data_prefix`` relative to ``data_root``."""
        if self.ann_file and self.data_root and not is_absolute(self.ann_file):
            self.ann_file = join(self.data_root, self.ann_file)
        for key, prefix in self.data_prefix.items():
            if not isinstance(prefix, str):
                raise TypeError(f"data_prefix[{key!r}] must be a string, got {prefix!r}")
            if self.data_root and not is_absolute(prefix):
                self.data_prefix[key] = join(self.data_root, prefix)

    # -- the records ------------------------------------------------------------------------------------

    def full_init(self) -> None:
        """Read the annotations, filter them and build the index, unless that was done before."""
        if self._fully_initialized:
            return
        try:
            with default_backend(self.backend_args):
                self.data_list = self.load_data_list()
        except MissingFileError as error:
            raise self._explain(error) from error
        self.data_list = self.filter_data()
        if self.serialize_data:
            source = self.data_list.source if isinstance(self.data_list, LazyList) else None
            self._records = source if source is not None else RecordTable.of(self.data_list)
            self.data_list = []
        self._fully_initialized = True
        chosen = self._chosen()
        if chosen is None:
            self._records_changed()
        else:
            self.get_subset_(chosen)
        if "classes" not in self._metainfo and "categories" in self._metainfo:
            categories = sorted(self._metainfo["categories"], key=lambda category: category["id"])
            self._metainfo["classes"] = tuple(category["category_name"] for category in categories)

    def _chosen(self) -> int | Sequence[int] | np.ndarray | None:
        """Return the samples that the arguments ask for; None for all."""
        records, indices = self._ready(), self._indices
        if isinstance(indices, str):
            indices = read_indices(indices, len(records))
        if self._audit is None:
            return indices
        kept = samples_to_keep(paths_of(records, len(records)), self._audit)
        chosen = positions(range(len(records)) if indices is None else indices, len(records))
        return chosen[np.isin(chosen, kept)]

    def _explain(self, error: MissingFileError) -> MissingFileError:
        """Say which argument named what is not there; the registry adds where the config sets it."""
        argument = self.PLACE
        if self.data_root and not exists(self.data_root, self.backend_args):
            argument = "data_root"
        elif argument != "data_root" and self.ann_file and self.ann_file in error.message:
            argument = "ann_file"
        advice = self.ADVICE.get(argument)
        return MissingFileError(
            f"{error.message}, which {argument} of {type(self).__name__} leads to",
            where=error.where,
            hint=" ".join(filter(None, (error.hint, advice))) or None,
            key=argument,
        )

    def load_data_list(self) -> list[dict]:
        """Read the annotations and return the records."""
        if hasattr(self, "load_annotations"):
            return self._load_annotations()
        content = load(self.ann_file)
        if not isinstance(content, Mapping) or not {"data_list", "metainfo"} <= content.keys():
            raise DataError(
                "An annotation file is a dict with the keys 'metainfo' and 'data_list'",
                where=self.ann_file,
                hint="Images and labels can also be listed in a .csv or .jsonl file with path and label.",
            )
        for key, kind in (("metainfo", Mapping), ("data_list", (list, tuple))):
            if not isinstance(content[key], kind):
                raise DataError(
                    f"{key!r} is a {type(content[key]).__name__} in this annotation file",
                    where=self.ann_file,
                    hint="'metainfo' is a dict, 'data_list' is a list of dicts.",
                )
        for key, value in content["metainfo"].items():
            self._metainfo.setdefault(key, value)
        records: list[dict] = []
        for raw in content["data_list"]:
            parsed = self.parse_data_info(raw)
            parsed = [parsed] if isinstance(parsed, dict) else parsed
            if not isinstance(parsed, list) or not all(isinstance(item, dict) for item in parsed):
                raise TypeError(f"parse_data_info must return a dict or a list of dicts, got {parsed!r}")
            records.extend(parsed)
        return records

    def parse_data_info(self, raw_data_info: dict) -> dict | list[dict]:
        """Turn an item of the annotation file into a record: by default, join its paths to their prefixes."""
        for key, prefix in self.data_prefix.items():
            if not isinstance(raw_data_info, Mapping) or key not in raw_data_info:
                raise DataError(
                    f"An item has no {key!r}, which data_prefix mentions: {brief(raw_data_info)}",
                    where=self.ann_file,
                )
            if not isinstance(raw_data_info[key], (str, os.PathLike)):
                raise DataError(
                    f"The {key!r} of an item is no path: {brief(raw_data_info[key])}",
                    where=self.ann_file,
                )
            raw_data_info[key] = join(prefix, raw_data_info[key])
        return raw_data_info

    def _load_annotations(self) -> list[dict]:
        """Read what a 0.x data set returns: records with ``img_prefix`` and ``img_info``."""
        prefixes = self.data_prefix
        self.data_prefix = self.img_prefix  # a string in 0.x
        try:
            records = self.load_annotations()  # type: ignore[attr-defined]
        finally:
            self.data_prefix = prefixes
        for record in records:
            info = record.get("img_info")
            if info and "img_path" not in record:
                record["img_path"] = join(record.get("img_prefix") or "", info["filename"])
        return records

    def filter_data(self) -> list[dict]:
        """Return the records to keep; a subclass may choose by ``self.filter_cfg``."""
        return self.data_list

    def _ready(self) -> Sequence[dict]:
        """The records, read now if that has not happened yet."""
        if not self._fully_initialized:
            self.full_init()
        return self.data_list if self._records is None else self._records

    def __len__(self) -> int:
        return len(self._ready())

    def get_data_info(self, idx: int) -> dict:
        """A copy of the record at ``idx``, with its position as ``sample_idx``."""
        records = self._records  # None as long as the annotations have not been read
        info = copy.deepcopy(self._ready()[idx]) if records is None else records[idx]
        info["sample_idx"] = idx if idx >= 0 else len(self) + idx
        return info

    @property
    def data_infos(self) -> list[dict]:
        """All records, as 0.x data sets call them, with the keys that they had."""
        records = [self.get_data_info(idx) for idx in range(len(self))]
        for record in records:
            path = record.get("img_path")
            if isinstance(path, str) and "img_info" not in record:
                name = path.removeprefix(join(self.img_prefix, ""))
                record.update(img_prefix=self.img_prefix, img_info={"filename": name})
        return records

    def get_gt_labels(self) -> np.ndarray:
        """The label of every sample, (N,)."""
        records = self._ready()
        if isinstance(records, RecordTable) and type(self).get_data_info is RecordList.get_data_info:
            labels = records.integers("gt_label")
            if labels is not None:
                return labels
        return np.array([self.get_data_info(idx)["gt_label"] for idx in range(len(self))])

    def get_cat_ids(self, idx: int) -> list[int]:
        """The labels of one sample."""
        record = self.get_data_info(idx)
        return label_indices(record.get("gt_label"), record.get("img_path"))

    def get_subset_(self, indices: int | Sequence[int] | np.ndarray) -> None:
        """Keep the first (if negative, the last) ``indices`` samples, or those listed."""
        records = self._ready()
        chosen = positions(indices, len(records))
        if isinstance(records, RecordTable):
            self._records = records.take(chosen)
        else:
            self.data_list = [records[i] for i in chosen]
        self._records_changed()

    def _records_changed(self) -> None:
        """Do what depends on which records there are."""
