"""Images for methods that need no labels."""

from __future__ import annotations

import os
import re
from typing import Any

from mmpretrain.config.wrapped import innermost
from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.custom import IMG_EXTENSIONS, MEASURED_EXTENSIONS
from mmpretrain.datasets.from_spec import TABLES, Split, dataset_from_spec
from mmpretrain.datasets.labelled_dataset import as_labelled
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import join, read_lines

_SUFFIXES = (*IMG_EXTENSIONS, *MEASURED_EXTENSIONS, ".gif", ".jfif", ".jp2", ".avif")
_WITH_INDEX = re.compile(r"(?P<path>.*\.\w+)\s+(?P<index>\d{1,18})")


@DATASETS.register_module()
class ImageListDataset(BaseDataset):
    """Images that a text file lists, one a line, some of which may have a label.

    A line is ``path`` or ``path index``; paths are relative to ``data_prefix``. An image without an index has
    no ``gt_label``.

    Args:
        ann_file: The list.
        only_labelled: Leave out the images without an index.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    def __init__(self, ann_file: str, only_labelled: bool = False, **kwargs: Any) -> None:
        self.only_labelled = only_labelled
        super().__init__(ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the list."""
        found = []
        for line in map(str.strip, read_lines(self.ann_file)):
            if not line:
                continue
            match = _WITH_INDEX.fullmatch(line)
            labelled = match is not None and match["path"].lower().endswith(_SUFFIXES)
            name = match["path"] if match is not None and labelled else line
            info: dict[str, Any] = {"img_path": join(self.img_prefix, name)}
            if match is not None and labelled:
                info["gt_label"] = int(match["index"])
            if "gt_label" in info or not self.only_labelled:
                found.append(info)
        if not found:
            kind = "images with a label" if self.only_labelled else "images"
            raise DataError(f"The list has no {kind}", where=self.ann_file)
        return found


def images_from_spec(spec: str) -> dict[str, Any]:
    """Return the config of a data set of the images that ``spec`` describes, whether they have labels or not.

    Args:
        spec: See :func:`~mmpretrain.datasets.from_spec.dataset_from_spec`. Of a folder, all images below it
            count, or below its sub-folder ``train`` if it has one beside others for validation or test.
    """
    cfg = dataset_from_spec(spec, "train")
    cfg = dict(innermost(cfg))  # images held out for validation have no labels to protect
    extension = os.path.splitext(os.path.expanduser(spec))[1].lower()
    if cfg["type"] == "CustomDataset" and cfg.get("ann_file"):
        cfg["type"] = "ImageListDataset"
    elif cfg["type"] == "CustomDataset":
        cfg["with_label"] = False
    elif cfg["type"] == "TableDataset" and extension in TABLES:
        cfg["label"] = None
    return cfg


def labelled_images_from_spec(spec: str, split: Split) -> dict[str, Any]:
    """Return the config of a part of the images that ``spec`` describes, without those that have no label.

    Args:
        spec: See :func:`~mmpretrain.datasets.from_spec.dataset_from_spec`: a list, and a table with columns
            ``path`` and ``label``, may lack labels. Other tables are read as ``finetune`` reads them.
        split: Which part.
    """
    cfg = as_labelled(dataset_from_spec(spec, split), split)
    inner = innermost(cfg)
    if inner["type"] == "CustomDataset" and inner.get("ann_file"):
        inner.update(type="ImageListDataset", only_labelled=True)
    elif inner["type"] == "TableDataset":
        inner["only_labelled"] = True
    return cfg
