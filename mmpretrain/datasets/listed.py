"""Public data sets whose splits are text files."""

from __future__ import annotations

from typing import Any

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.categories import load_categories
from mmpretrain.datasets.splits import SplitDataset, check_split, parse_lines, warn_of_training_split
from mmpretrain.errors import DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import join

TRAIN_AND_TEST = {"train": "meta/train.txt", "test": "meta/test.txt"}


@DATASETS.register_module()
class Caltech101(SplitDataset):
    """101 object categories and background (Fei-Fei et al., 2004, https://data.caltech.edu/records/mzrjq-6wc02).

    Args:
        data_root: Folder with ``101_ObjectCategories`` and ``meta/{train,test}.txt`` (``path index`` a line).
        split: ``'train'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("caltech101")}
    SPLITS = TRAIN_AND_TEST
    IMAGES = "101_ObjectCategories"

    def parse_line(self, line: str) -> tuple[str, int]:
        name, label = line.split()
        return name, int(label)


@DATASETS.register_module()
class Food101(SplitDataset):
    """101 dishes (Bossard et al., 2014, https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/).

    Args:
        data_root: Folder with ``images`` and ``meta/{train,test}.txt`` (``class/name`` a line).
        split: ``'train'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("food101")}
    SPLITS = TRAIN_AND_TEST

    def parse_line(self, line: str) -> tuple[str, int]:
        class_name, name = line.strip().split("/")
        return f"{class_name}/{name}.jpg", self.label_of(class_name)


@DATASETS.register_module()
class FGVCAircraft(SplitDataset):
    """100 aircraft variants (Maji et al., 2013, https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/).

    Args:
        data_root: Folder with ``data/images`` and ``data/images_variant_*.txt``.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("fgvcaircraft")}
    SPLITS = {split: f"data/images_variant_{split}.txt" for split in ("train", "val", "trainval", "test")}
    IMAGES = "data/images"

    def __init__(self, data_root: str, split: str = "trainval", **kwargs: Any) -> None:
        super().__init__(data_root, split, **kwargs)

    def parse_line(self, line: str) -> tuple[str, int]:
        name, *variant = line.split()
        return f"{name}.jpg", self.label_of(" ".join(variant))


@DATASETS.register_module()
class OxfordIIITPet(SplitDataset):
    """37 breeds of cats and dogs (Parkhi et al., 2012, https://www.robots.ox.ac.uk/~vgg/data/pets/).

    Args:
        data_root: Folder with ``images`` and ``annotations/{trainval,test}.txt``.
        split: ``'trainval'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("oxfordiiitpet")}
    SPLITS = {"trainval": "annotations/trainval.txt", "test": "annotations/test.txt"}

    def __init__(self, data_root: str, split: str = "trainval", **kwargs: Any) -> None:
        super().__init__(data_root, split, **kwargs)

    def parse_line(self, line: str) -> tuple[str, int]:
        name, label, _, _ = line.split()
        return f"{name}.jpg", int(label) - 1


@DATASETS.register_module()
class SUN397(SplitDataset):
    """397 scenes, first partition (Xiao et al., 2010, https://vision.princeton.edu/projects/2010/SUN/).

    Some images are not JPEGs although they are named so; all decoders here go by the content.

    Args:
        data_root: Folder with ``SUN397`` and ``Partitions/{Training,Testing}_01.txt``.
        split: ``'train'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("sun397")}
    SPLITS = {"train": "Partitions/Training_01.txt", "test": "Partitions/Testing_01.txt"}
    IMAGES = "SUN397"

    def parse_line(self, line: str) -> tuple[str, int]:
        path = line.strip().removeprefix("/")  # letter/class[/subclass]/name.jpg
        return path, self.label_of("_".join(path.split("/")[1:-1]))


@DATASETS.register_module()
class CUB(BaseDataset):
    """200 bird species (Wah et al., 2011, http://www.vision.caltech.edu/datasets/cub_200_2011/).

    Args:
        data_root: Folder with ``images``, ``images.txt``, ``image_class_labels.txt`` and
            ``train_test_split.txt``.
        split: ``'train'`` or ``'test'``.
        test_mode: Whether this is for evaluation.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("cub")}
    PLACE = "data_root"

    def __init__(self, data_root: str, split: str = "train", test_mode: bool = False, **kwargs: Any) -> None:
        check_split(split, ("train", "test"))
        warn_of_training_split(split, test_mode)
        self.split = split
        super().__init__(
            ann_file="images.txt", data_root=data_root, data_prefix="images", test_mode=test_mode, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        names = self._read("images.txt")
        labels = self._read("image_class_labels.txt")
        is_train = self._read("train_test_split.txt")
        if not names.keys() == labels.keys() == is_train.keys():
            raise DataError(
                "images.txt, image_class_labels.txt and train_test_split.txt do not list the same samples",
                where=self.data_root,
            )
        wanted = "1" if self.split == "train" else "0"
        return [
            {"img_path": join(self.img_prefix, name), "gt_label": int(labels[number]) - 1}
            for number, name in names.items()
            if is_train[number] == wanted
        ]

    def _read(self, name: str) -> dict[int, str]:
        def parse(line: str) -> tuple[int, str]:
            number, value = line.split()
            return int(number), value

        return dict(parse_lines(join(self.data_root, name), parse))

    def extra_repr(self) -> list[str]:
        return [f"Root of dataset: \t{self.data_root}"]


@DATASETS.register_module()
class InShop(BaseDataset):
    """Clothes for retrieval (DeepFashion, Liu et al., 2016, https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html).

    ``'train'`` has class labels. The labels of a sample of ``'query'`` are the positions in ``'gallery'`` of
    the images that show the same item.

    Args:
        data_root: Folder of the data set.
        split: ``'train'``, ``'query'`` or ``'gallery'``.
        data_prefix: Folder of the images, relative to ``data_root``.
        ann_file: The partition file, relative to ``data_root``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    def __init__(
        self,
        data_root: str,
        split: str = "train",
        data_prefix: str = "Img",
        ann_file: str = "Eval/list_eval_partition.txt",
        **kwargs: Any,
    ) -> None:
        check_split(split, ("train", "query", "gallery"))
        self.split = split
        super().__init__(data_root=data_root, data_prefix=data_prefix, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        def parse(line: str) -> tuple[str, str, str] | None:
            fields = line.split()
            if len(fields) < 3:  # the count that the file begins with
                return None
            return fields[0], fields[1], fields[2]

        rows = list(filter(None, parse_lines(self.ann_file, parse)))[1:]  # without the column names
        of_split = {
            split: [(join(self.img_prefix, name), item) for name, item, status in rows if status == split]
            for split in ("train", "query", "gallery")
        }
        if self.split == "train":
            labels: dict[str, int] = {}
            return [
                {"img_path": path, "gt_label": labels.setdefault(item, len(labels))}
                for path, item in of_split["train"]
            ]
        if self.split == "gallery":
            return [
                {"img_path": path, "sample_idx": position}
                for position, (path, _) in enumerate(of_split["gallery"])
            ]
        positions: dict[str, list[int]] = {}
        for position, (_, item) in enumerate(of_split["gallery"]):
            positions.setdefault(item, []).append(position)
        return [{"img_path": path, "gt_label": positions[item]} for path, item in of_split["query"]]

    def extra_repr(self) -> list[str]:
        return [f"Root of dataset: \t{self.data_root}"]
