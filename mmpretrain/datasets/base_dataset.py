"""The data set that all others are built on."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from torch.utils.data import Dataset

from mmpretrain.datasets.bad_files import OnError, report_bad_file
from mmpretrain.datasets.labels import label_indices
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.leave_out import paths_of, samples_to_keep
from mmpretrain.datasets.pixels.cache import PixelCache
from mmpretrain.datasets.records import RecordTable
from mmpretrain.datasets.transforms import Compose
from mmpretrain.datasets.transforms.loading import image_path, storage_options
from mmpretrain.errors import ConfigError, DataError, MissingFileError, TransformError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.brief import brief
from mmpretrain.utils.fileio import default_backend, exists, is_absolute, is_file, join, read_lines
from mmpretrain.utils.plain_data import load
from mmpretrain.utils.seeding import mix

T = TypeVar("T")


def expanduser(path: Any) -> Any:
    """Replace a leading ``~`` of a path; anything else is returned as it is."""
    return os.path.expanduser(path) if isinstance(path, (str, os.PathLike)) else path


def read_indices(path: str, size: int) -> list[int]:
    """Read the numbers of samples from a text file, one a line.

    Raises:
        DataError: If a line is no number of one of ``size`` samples.
    """
    numbers = []
    for place, line in enumerate(read_lines(expanduser(path)), 1):
        if not line.strip():
            continue
        digits = line.strip()
        if not digits.isdecimal() or len(digits) > 18 or int(digits) >= size:
            raise DataError(f"{brief(line)} is no number from 0 to {size - 1}", where=f"{path}:{place}")
        numbers.append(int(digits))
    return numbers


def positions(indices: int | Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """Return which samples are meant: the first so many, the last so many if negative, or those listed."""
    if isinstance(indices, (int, np.integer)):
        return np.arange(size)[:indices] if indices >= 0 else np.arange(size)[indices:]
    if not isinstance(indices, (Sequence, np.ndarray)) or isinstance(indices, str):
        raise TypeError(f"indices must be an int or a sequence of ints, got {type(indices).__name__}")
    chosen = np.asarray(indices).astype(np.int64, casting="same_kind" if len(indices) else "unsafe")
    if len(chosen) and not (-size <= chosen.min() and chosen.max() < size):
        raise IndexError(f"indices go from {chosen.min()} to {chosen.max()}, there are {size} samples")
    return np.where(chosen < 0, chosen + size, chosen)


def force_full_init(method: Callable[..., T]) -> Callable[..., T]:
    """Let a method of a data set, or of a wrapper, read the annotations first if they were not read."""

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> T:
        if not self._fully_initialized:
            self.full_init()
            self._fully_initialized = True
        return method(self, *args, **kwargs)

    return call


@DATASETS.register_module()
class BaseDataset(Dataset):
    """Samples that an annotation file lists, each read through a pipeline of transforms.

    The annotation file is a JSON, YAML or pickle with ``metainfo`` (a dict) and ``data_list`` (dicts). A
    subclass that reads something else overrides :meth:`load_data_list`; one written for 0.x has
    ``load_annotations`` instead, which works as well.

    Args:
        ann_file: Annotation file, relative to ``data_root``.
        metainfo: Information on the data set, such as ``classes``; it has the last word.
        data_root: Folder, or URL, that the other paths are relative to.
        data_prefix: Folder of the images, or folders by key of the record.
        filter_cfg: Settings for :meth:`filter_data`.
        indices: Keep the first (or, if negative, the last) so many samples, or these; or a text file with a
            number of a sample a line.
        serialize_data: Keep the records in a compact form that worker processes share.
        pipeline: Transforms, or their configs.
        test_mode: Whether this is for evaluation: a sample that a transform drops is an error then.
        lazy_init: Wait with reading the annotations until they are needed.
        max_refetch: How many other samples to try for one that a transform dropped, or that cannot be read.
        classes: Class names, or a file with one a line; an alternative to ``metainfo['classes']``.
        on_error: What to do about an image that cannot be read: ``'raise'``, leave it out of its batch
            (``'skip'``), or take another sample (``'replace'``). The file is listed in ``bad_files``.
        audit: An ``audit.yaml`` of ``mmpretrain audit``, whose samples are left out; ``indices`` count them.
        backend_args: Storage of the annotations, and of folders that are searched for images; that of the
            images themselves is an argument of the transform that loads them.
        file_client_args: Old spelling of ``backend_args``.
        cache: Keep what the deterministic beginning of the pipeline gives, in memory that the workers share
            (``'ram'``), or in a file that later runs use as well (``'disk'``); see docs/packing.md.
        cache_size: How much it may take, such as ``'8GB'``; by default half of what is free.
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

    #: Where unreadable files are listed; the runner sets it to ``bad_files.txt`` in the work folder.
    bad_files: str | None = None
    _fully_initialized: bool = False

    def __init__(
        self,
        ann_file: str | None = "",
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = "",
        data_prefix: str | Mapping[str, str] | None = "",
        filter_cfg: dict | None = None,
        indices: int | Sequence[int] | str | None = None,
        serialize_data: bool = True,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
        classes: str | Sequence[str] | None = None,
        on_error: OnError = "raise",
        *,
        audit: str | None = None,
        backend_args: dict | None = None,
        file_client_args: dict | None = None,
        cache: Literal["ram", "disk"] | None = None,
        cache_size: str | int | None = None,
    ) -> None:
        if on_error not in ("raise", "skip", "replace"):
            raise ConfigError(
                f"on_error must be 'raise', 'skip' or 'replace', got {on_error!r}", key="on_error"
            )
        if on_error == "replace" and test_mode:
            raise ConfigError(
                "on_error='replace' would evaluate some samples twice",
                hint="Use 'skip' in test mode.",
                key="on_error",
            )
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
        self.test_mode = test_mode
        self.max_refetch = max_refetch
        self.on_error: OnError = on_error
        self.backend_args = storage_options(file_client_args, backend_args)
        self.cache: Literal["ram", "disk"] | None = cache
        self.cache_size = cache_size
        self._pixels: PixelCache | None = None
        self.data_list: list[dict] = []
        self._records: RecordTable | None = None
        self._join_prefix()
        self.pipeline = Compose(pipeline)
        if not lazy_init:
            self.full_init()

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

    @property
    def metainfo(self) -> dict[str, Any]:
        """A copy of the meta information."""
        return copy.deepcopy(self._metainfo)

    @property
    def CLASSES(self) -> Sequence[str] | None:
        """Names of all classes; the position of a name is its label."""
        return self._metainfo.get("classes")

    @CLASSES.setter
    def CLASSES(self, names: Sequence[str] | None) -> None:
        self._metainfo["classes"] = names

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: label for label, name in enumerate(self.CLASSES or ())}

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

    # -- the index ------------------------------------------------------------------------------------

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
        if chosen is not None:
            self.get_subset_(chosen)
        elif self.cache is not None:
            self._pixels = PixelCache(self, self.cache, self.cache_size)
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
        if isinstance(records, RecordTable) and type(self).get_data_info is BaseDataset.get_data_info:
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
        if self.cache is not None:
            self._pixels = PixelCache(self, self.cache, self.cache_size)

    def get_subset(self, indices: int | Sequence[int]) -> BaseDataset:
        """Return a data set with some of the samples; see :meth:`get_subset_`."""
        records = self._ready()
        subset = copy.copy(self)
        subset._metainfo = self.metainfo
        subset.pipeline = copy.deepcopy(self.pipeline)
        if not isinstance(records, RecordTable):
            subset.data_list = copy.deepcopy(self.data_list)
        subset.get_subset_(indices)
        return subset

    # -- samples --------------------------------------------------------------------------------------

    def prepare_data(self, idx: int) -> Any:
        """Run the record at ``idx`` through the pipeline."""
        record = self.get_data_info(idx)
        if self._pixels is None:
            return self._apply(record, self.pipeline)
        return self._pixels.run(record["sample_idx"], record, self, self._apply)

    def _apply(self, record: dict[str, Any], transform: Callable[[dict], Any]) -> Any:
        """Apply a transform that reads the image of a record."""
        return transform(record)

    def load_image(self, idx: int) -> Any:
        """Do the first step of the pipeline only, which reads the image."""
        steps = self.pipeline.transforms[:1]
        return self._apply(self.get_data_info(idx), steps[0]) if steps else None

    def cache_if_it_fits(self) -> bool:
        """Keep pixels in memory from now on, if all of them fit there; say whether they do."""
        if self.cache is None:
            self._pixels = PixelCache.if_it_fits(self)
            self.cache = None if self._pixels is None else "ram"
            return self._pixels is not None
        return False

    def image_signature(self, record: dict[str, Any]) -> int:
        """What changes when the image of a record does, in 64 bits."""
        status = os.stat(image_path(record))
        return mix(status.st_size, status.st_mtime_ns)

    def _rand_another(self) -> int:
        return int(np.random.randint(0, len(self)))

    def __getitem__(self, idx: int) -> Any:
        if not self._fully_initialized:
            self.full_init()
        tries = 1 if self.test_mode else self.max_refetch + 1
        for _ in range(tries):
            try:
                data = self.prepare_data(idx)
            except (DataError, OSError) as error:
                if self.on_error == "raise":
                    if not isinstance(error, TransformError | OSError) and error.hint is None:
                        error.hint = "The data set can leave such images out: on_error='skip'."
                    raise
                report_bad_file(error, self.get_data_info(idx), self.bad_files)
                if self.on_error == "skip":
                    return None
                data = None
            if data is not None:
                return data
            bad, idx = idx, self._rand_another()
        record = {key: value for key, value in self.get_data_info(bad).items() if key != "img"}
        if self.test_mode:
            raise DataError(f"The pipeline dropped a sample in test mode: {record}")
        raise DataError(
            f"{tries} samples in a row were dropped by the pipeline, the last: {record}",
            where=type(self).__name__,
            hint="Check the image paths and the transforms.",
        )

    # -- description ----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """Say what is in it, where from, and what happens to a sample."""
        body = [
            f"Number of samples: \t{len(self)}" if self._fully_initialized else "Haven't been initialized"
        ]
        if self.CLASSES is not None:
            body.append(f"Number of categories: \t{len(self.CLASSES)}")
        body.extend(self.extra_repr())
        if self.pipeline.transforms:
            body.append("With transforms:")
            body.extend(f"    {transform}" for transform in self.pipeline.transforms)
        return "\n".join([f"Dataset {type(self).__name__}", *(f"    {line}" for line in body)])

    def extra_repr(self) -> list[str]:
        """Lines of the description that are particular to the kind of data set."""
        return [f"Annotation file: \t{self.ann_file}", f"Prefix of images: \t{self.img_prefix}"]
