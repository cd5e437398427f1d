"""ImageNet and data sets in its layout."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmpretrain.datasets.categories import load_categories
from mmpretrain.datasets.custom import IMG_EXTENSIONS, CustomDataset
from mmpretrain.datasets.splits import check_split
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import exists, join

logger = logging.getLogger(__name__)


class _SplitFolders(CustomDataset):
    """A folder and, optionally, a ``meta/<split>.txt`` for each split."""

    IMG_EXTENSIONS = IMG_EXTENSIONS
    SPLITS: tuple[str, ...] = ()

    def __init__(
        self,
        data_root: str = "",
        split: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str = "",
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if split:
            check_split(split, self.SPLITS)
            data_prefix = data_prefix or split
            listing = f"meta/{split}.txt"
            storage = kwargs.get("backend_args") or kwargs.get("file_client_args")
            if not ann_file and exists(join(data_root, listing), storage):
                ann_file = listing
        self.split = split
        kwargs.setdefault("extensions", self.IMG_EXTENSIONS)
        super().__init__(
            data_root=data_root, data_prefix=data_prefix, ann_file=ann_file, metainfo=metainfo, **kwargs
        )


@DATASETS.register_module()
class ImageNet(_SplitFolders):
    """ImageNet-1k (Russakovsky et al., 2015, https://www.image-net.org).

    With ``split``, images are in the folder of that name below ``data_root``, and the annotation file is
    ``meta/<split>.txt`` if that exists; otherwise the class folders count. The test split has no labels.

    Args:
        data_root: Folder that the other paths are relative to.
        split: ``'train'``, ``'val'``, ``'test'`` or ``''``.
        data_prefix: Folder of the images.
        ann_file: List of images, one ``path index`` a line.
        metainfo: Information on the data set.
        **kwargs: Further arguments of :class:`CustomDataset`.
    """

    METAINFO = {"classes": load_categories("imagenet")}
    SPLITS = ("train", "val", "test")

    def __init__(
        self,
        data_root: str = "",
        split: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str = "",
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if split == "test":
            logger.info("The test split of ImageNet has no labels: with_label=False.")
            kwargs["with_label"] = False
        super().__init__(data_root, split, data_prefix, ann_file, metainfo, **kwargs)

    def extra_repr(self) -> list[str]:
        return [f"Root of dataset: \t{self.data_root}"]


@DATASETS.register_module()
class ImageNet21k(_SplitFolders):
    """ImageNet-21k, one label a sample (Deng et al., 2009, https://www.image-net.org).

    Args:
        data_root: Folder that the other paths are relative to.
        split: ``'train'`` or ``''``.
        data_prefix: Folder of the images.
        ann_file: List of images, one ``path index`` a line; searching folders of this size takes long.
        metainfo: Information on the data set, such as ``classes``, which the class does not know.
        multi_label: Must be False.
        **kwargs: Further arguments of :class:`CustomDataset`.
    """

    SPLITS = ("train",)

    def __init__(
        self,
        data_root: str = "",
        split: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str = "",
        metainfo: Mapping[str, Any] | None = None,
        multi_label: bool = False,
        **kwargs: Any,
    ) -> None:
        if multi_label:
            raise ConfigError("ImageNet21k has one label a sample", hint="Remove multi_label.")
        self.multi_label = multi_label
        super().__init__(data_root, split, data_prefix, ann_file, metainfo, **kwargs)
        if not self.ann_file:
            logger.warning("ImageNet21k is large: an ann_file saves the search through its folders.")
        if self.CLASSES is None:
            logger.warning("ImageNet21k has no class names: give classes= to see names in predictions.")


@DATASETS.register_module()
class Places205(CustomDataset):
    """205 places (Zhou et al., 2014, http://places.csail.mit.edu).

    Args:
        data_root: Folder that the other paths are relative to.
        data_prefix: Folder of the images.
        ann_file: List of images, one ``path index`` a line.
        metainfo: Information on the data set.
        **kwargs: Further arguments of :class:`CustomDataset`.
    """

    METAINFO = {"classes": load_categories("places205")}
    IMG_EXTENSIONS = IMG_EXTENSIONS

    def __init__(
        self,
        data_root: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str = "",
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("extensions", self.IMG_EXTENSIONS)
        super().__init__(
            data_root=data_root, data_prefix=data_prefix, ann_file=ann_file, metainfo=metainfo, **kwargs
        )
