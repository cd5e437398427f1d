"""Samples with several labels."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.categories import load_categories
from mmpretrain.datasets.splits import check_split, warn_of_training_split
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import join, read_bytes, read_lines


@DATASETS.register_module()
class MultiLabelDataset(BaseDataset):
    """Samples with any number of labels each.

    An item of ``data_list`` in the annotation file looks like ``{"img_path": "a.jpg", "gt_label": [0, 3]}``.
    The arguments are those of :class:`BaseDataset`.
    """

    def get_cat_ids(self, idx: int) -> list[int]:
        return self.get_data_info(idx)["gt_label"]


@DATASETS.register_module()
class VOC(MultiLabelDataset):
    """The classification task of Pascal VOC (Everingham et al., 2010, http://host.robots.ox.ac.uk/pascal/VOC/).

    Objects marked as difficult are not among the labels, but in ``gt_label_difficult``.

    Args:
        data_root: Folder such as ``VOCdevkit/VOC2007``.
        split: ``'train'``, ``'val'``, ``'trainval'``, ``'test'`` or ``''``.
        image_set_path: File with one image id a line, relative to ``data_root``.
        data_prefix: Folders of images (``img_path``) and annotations (``ann_path``). In test mode the latter
            may be absent: there are no labels then.
        test_mode: Whether this is for evaluation.
        metainfo: Information on the data set.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("voc2007")}
    PLACE = "data_root"

    def __init__(
        self,
        data_root: str,
        split: str = "trainval",
        image_set_path: str = "",
        data_prefix: str | Mapping[str, str] = {"img_path": "JPEGImages", "ann_path": "Annotations"},
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if split:
            check_split(split, ("train", "val", "trainval", "test"))
            data_prefix = data_prefix or {"img_path": "JPEGImages", "ann_path": "Annotations"}
            image_set_path = image_set_path or f"ImageSets/Main/{split}.txt"
            self.split = split
        warn_of_training_split(split, test_mode)
        if isinstance(data_prefix, str):
            data_prefix = {"img_path": data_prefix}
        if "img_path" not in data_prefix:
            raise ConfigError("data_prefix of VOC needs the key 'img_path'", key="data_prefix")
        if not data_prefix.get("ann_path"):
            if not test_mode or split in ("train", "trainval"):
                raise ConfigError(
                    "data_prefix of VOC needs the key 'ann_path', except to predict a test set",
                    key="data_prefix",
                )
            data_prefix = {"img_path": data_prefix["img_path"]}
        self.image_set_path = join(data_root, image_set_path)
        super().__init__(
            metainfo=metainfo, data_root=data_root, data_prefix=data_prefix, test_mode=test_mode, **kwargs
        )

    @property
    def ann_prefix(self) -> str | None:
        """Folder of the annotations."""
        return self.data_prefix.get("ann_path")

    def load_data_list(self) -> list[dict]:
        labels_of = self.class_to_idx
        records = []
        for line in read_lines(self.image_set_path):
            if image_id := line.strip():
                certain, difficult = self._labels(image_id, labels_of) if self.ann_prefix else (None, None)
                path = join(self.img_prefix, f"{image_id}.jpg")
                records.append({"img_path": path, "gt_label": certain, "gt_label_difficult": difficult})
        return records

    def _labels(self, image_id: str, labels_of: Mapping[str, int]) -> tuple[list[int], list[int]]:
        """Labels of the ordinary and of the difficult objects in an image."""
        path = join(self.ann_prefix or "", f"{image_id}.xml")
        found: tuple[set[int], set[int]] = (set(), set())
        try:
            objects = ElementTree.fromstring(read_bytes(path)).findall("object")
        except ElementTree.ParseError as error:
            raise DataError(f"This is not XML ({error})", where=path) from error
        for item in objects:
            name = item.findtext("name", "")
            if name in labels_of:
                found[int(item.findtext("difficult", "0"))].add(labels_of[name])
        return sorted(found[0]), sorted(found[1])

    def extra_repr(self) -> list[str]:
        return [
            f"Prefix of dataset: \t{self.data_root}",
            f"Path of image set: \t{self.image_set_path}",
            f"Prefix of images: \t{self.img_prefix}",
            f"Prefix of annotations: \t{self.ann_prefix}",
        ]


@DATASETS.register_module()
class MultiTaskDataset(BaseDataset):
    """Samples with a label for each of several tasks.

    The annotation file has ``metainfo`` with a list of ``tasks``, and items like
    ``{"img_path": "a.jpg", "gt_label": {"gender": 0, "wear": [1, 0, 1]}}``, where paths are relative to
    ``data_root``.

    Args:
        ann_file: Annotation file, relative to ``data_root``.
        metainfo: Information on the data set; overrides that of the annotation file.
        data_root: Folder, or URL, that the other paths are relative to.
        data_prefix: Shown in the description.
        pipeline: Transforms, or their configs.
        test_mode: Whether this is for evaluation.
    """

    def __init__(
        self,
        ann_file: str,
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = None,
        data_prefix: str | None = None,
        pipeline: Sequence = (),
        test_mode: bool = False,
    ) -> None:
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix or "",
            pipeline=pipeline,
            test_mode=test_mode,
        )

    def parse_data_info(self, raw_data_info: dict) -> dict:
        if not isinstance(raw_data_info, dict) or not {"img_path", "gt_label"} <= raw_data_info.keys():
            raise DataError(
                f"An item needs 'img_path' and 'gt_label', this one is {raw_data_info!r}", where=self.ann_file
            )
        path = join(self.data_root, raw_data_info["img_path"])
        return {"img_path": path, "gt_label": raw_data_info["gt_label"]}

    def extra_repr(self) -> list[str]:
        tasks = self.metainfo.get("tasks", ())
        body = [f"Root location: \t{self.data_root}"] if self.data_root else []
        body += [f"Annotation file: \t{self.ann_file}", f"Prefix of images: \t{self.img_prefix}"]
        return [*body, f"For {len(tasks)} tasks", *(f" {task} " for task in tasks)]
