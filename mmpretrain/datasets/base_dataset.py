"""The data set that all others are built on."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, TypeVar

import numpy as np

from mmpretrain.datasets.bad_files import OnError, report_bad_file
from mmpretrain.datasets.pixels.cache import PixelCache
from mmpretrain.datasets.record_list import RecordList
from mmpretrain.datasets.record_list import expanduser as expanduser  # users import it from here
from mmpretrain.datasets.records import RecordTable
from mmpretrain.datasets.transforms import Compose
from mmpretrain.datasets.transforms.loading import image_path, storage_options
from mmpretrain.errors import ConfigError, DataError, TransformError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.seeding import mix

T = TypeVar("T")


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
class BaseDataset(RecordList):
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

    #: Where unreadable files are listed; the runner sets it to ``bad_files.txt`` in the work folder.
    bad_files: str | None = None

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
        self.test_mode = test_mode
        self.max_refetch = max_refetch
        self.on_error: OnError = on_error
        self.cache: Literal["ram", "disk"] | None = cache
        self.cache_size = cache_size
        self._pixels: PixelCache | None = None
        super().__init__(
            ann_file,
            metainfo,
            data_root,
            data_prefix,
            filter_cfg=filter_cfg,
            indices=indices,
            serialize_data=serialize_data,
            classes=classes,
            audit=audit,
            backend_args=storage_options(file_client_args, backend_args),
        )
        self.pipeline = Compose(pipeline)
        if not lazy_init:
            self.full_init()

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

    def _records_changed(self) -> None:
        """Start a new cache of pixels for the present records."""
        if self.cache is not None:
            self._pixels = PixelCache(self, self.cache, self.cache_size)

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
