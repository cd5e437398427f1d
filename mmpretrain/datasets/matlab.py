"""Public data sets that describe their splits in MATLAB files."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.categories import load_categories
from mmpretrain.datasets.matlab_file import parse_mat
from mmpretrain.datasets.splits import check_split
from mmpretrain.errors import MissingFileError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import exists, join, read_bytes


def load_mat(path: str) -> dict[str, Any]:
    """Read a MATLAB file: structs become dicts, arrays of structs lists of dicts."""
    return parse_mat(read_bytes(path), path)


class _MatDataset(BaseDataset):
    """What the data sets of this file share: the test split is for evaluation, records have two fields."""

    PLACE = "data_root"

    def _record(self, name: str, label: Any) -> dict[str, Any]:
        return {"img_path": join(self.img_prefix, str(name)), "gt_label": int(label) - 1}

    def extra_repr(self) -> list[str]:
        return [f"Root of dataset: \t{self.data_root}"]


@DATASETS.register_module()
class DTD(_MatDataset):
    """47 textures (Cimpoi et al., 2014, https://www.robots.ox.ac.uk/~vgg/data/dtd/).

    Args:
        data_root: Folder with ``images`` and ``imdb/imdb.mat``.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("dtd")}
    PARTS = {"train": (1,), "val": (2,), "trainval": (1, 2), "test": (3,)}

    def __init__(self, data_root: str, split: str = "trainval", **kwargs: Any) -> None:
        check_split(split, list(self.PARTS))
        self.split = split
        kwargs.setdefault("test_mode", split == "test")
        super().__init__(ann_file="imdb/imdb.mat", data_root=data_root, data_prefix="images", **kwargs)

    def load_data_list(self) -> list[dict]:
        images = load_mat(self.ann_file)["images"]
        rows = zip(*(np.atleast_1d(images[key]) for key in ("name", "class", "set")))
        return [self._record(name, label) for name, label, part in rows if part in self.PARTS[self.split]]


@DATASETS.register_module()
class Flowers102(_MatDataset):
    """102 flowers (Nilsback and Zisserman, 2008, https://www.robots.ox.ac.uk/~vgg/data/flowers/102/).

    Args:
        data_root: Folder with ``jpg``, ``imagelabels.mat`` and ``setid.mat``.
        split: ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    PARTS = {"train": ("trnid",), "val": ("valid",), "trainval": ("trnid", "valid"), "test": ("tstid",)}

    def __init__(self, data_root: str, split: str = "trainval", **kwargs: Any) -> None:
        check_split(split, list(self.PARTS))
        self.split = split
        kwargs.setdefault("test_mode", split == "test")
        super().__init__(ann_file="imagelabels.mat", data_root=data_root, data_prefix="jpg", **kwargs)

    def load_data_list(self) -> list[dict]:
        labels = np.atleast_1d(load_mat(self.ann_file)["labels"])
        parts = load_mat(join(self.data_root, "setid.mat"))
        numbers = np.concatenate([np.atleast_1d(parts[key]) for key in self.PARTS[self.split]])
        return [self._record(f"image_{number:05d}.jpg", labels[number - 1]) for number in numbers.tolist()]


@DATASETS.register_module()
class StanfordCars(_MatDataset):
    """196 cars (Krause et al., 2013, http://ai.stanford.edu/~jkrause/cars/car_dataset.html).

    Args:
        data_root: Folder with either ``cars_annos.mat``, or ``devkit``, ``cars_train`` and ``cars_test``.
        split: ``'train'`` or ``'test'``.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    METAINFO = {"classes": load_categories("stanfordcars")}
    #: Split to list file and folder of images, where there is no ``cars_annos.mat``.
    LAYOUT = {
        "train": ("devkit/cars_train_annos.mat", "cars_train"),
        "test": ("devkit/cars_test_annos_withlabels.mat", "cars_test"),
    }

    def __init__(self, data_root: str, split: str = "train", **kwargs: Any) -> None:
        check_split(split, list(self.LAYOUT))
        self.split = split
        kwargs.setdefault("test_mode", split == "test")
        ann_file, images = self.LAYOUT[split]
        if exists(join(data_root, "cars_annos.mat")):
            ann_file, images = "cars_annos.mat", ""
        elif not kwargs.get("lazy_init") and not exists(join(data_root, ann_file)):
            raise MissingFileError(
                f"There is neither cars_annos.mat nor {ann_file} in {data_root!r}",
                hint="Set data_root to the folder that holds one of them.",
            )
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=images, **kwargs)

    def load_data_list(self) -> list[dict]:
        cars = load_mat(self.ann_file)["annotations"]
        cars = [cars] if isinstance(cars, dict) else list(cars)
        wanted = int(self.split == "test")
        return [
            self._record(car["relative_im_path" if "test" in car else "fname"], car["class"])
            for car in cars
            if car.get("test", wanted) == wanted
        ]
