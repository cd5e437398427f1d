"""Images in folders, or listed in a text file."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmpretrain.datasets.annotations import read_annotations
from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.records import RecordTable, column_of
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.fileio import join
from mmpretrain.utils.listing import list_dir

logger = logging.getLogger(__name__)

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif")


#: Files that count as images where no others are found: beside images, arrays may be anything.
MEASURED_EXTENSIONS = (".tiff", ".webp", ".npy", ".npz", ".dcm", ".dicom")


def find_folders(root: str) -> list[str]:
    """Names of the folders in ``root``, sorted: the classes."""
    return sorted(list_dir(root, files=False))


def find_files(root: str, is_valid: Callable[[str], bool]) -> list[str]:
    """Paths of all valid files below ``root``, relative to it, sorted."""
    return sorted(filter(is_valid, list_dir(root, folders=False, recursive=True)))


@DATASETS.register_module()
class CustomDataset(BaseDataset):
    """Images of your own, in one of two forms.

    With ``ann_file``, a text file lists the images, relative to ``data_prefix``, one ``path index`` a line
    (only the path with ``with_label=False``); give the class names as ``metainfo`` or ``classes``.

    Without it, every folder in ``data_prefix`` is a class, and all images below it are its samples. With
    ``with_label=False`` all images below ``data_prefix`` are samples, without a label.

    Args:
        data_root: Folder, or URL, that ``data_prefix`` and ``ann_file`` are relative to.
        data_prefix: Folder of the images.
        ann_file: The list of images.
        with_label: Whether samples have a label.
        extensions: What the names of images end with, in any case; used where folders are searched. By
            default, folders without any such file are searched for WebP, arrays and DICOM.
        metainfo: Information on the data set, such as ``classes``.
        lazy_init: Wait with reading the annotations until they are needed.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    ADVICE = {
        **BaseDataset.ADVICE,
        "ann_file": "If a base config set it, ann_file='' makes class folders count instead.",
    }

    def __init__(
        self,
        data_root: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str = "",
        with_label: bool = True,
        extensions: Sequence[str] = IMG_EXTENSIONS,
        metainfo: Mapping[str, Any] | None = None,
        lazy_init: bool = False,
        **kwargs: Any,
    ) -> None:
        if not (ann_file or data_prefix or data_root):
            raise ConfigError(
                f"{type(self).__name__} needs data_root, data_prefix or ann_file", key="data_root"
            )
        self.extensions = tuple({extension.lower() for extension in extensions})
        self.with_label = with_label
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix,
            lazy_init=lazy_init,
            **kwargs,
        )

    def is_valid_file(self, filename: str) -> bool:
        """Whether a file is an image by its name."""
        return filename.lower().endswith(self.extensions)

    def load_data_list(self) -> list[dict]:
        if hasattr(self, "load_annotations"):
            return super().load_data_list()
        if self.ann_file:
            return LazyList(read_annotations(self.ann_file, self.img_prefix, self.with_label))
        names, labels = self._find_samples()
        if not names and set(self.extensions) >= set(IMG_EXTENSIONS):
            usual, self.extensions = self.extensions, MEASURED_EXTENSIONS
            names, labels = self._find_samples()
            self.extensions = self.extensions if names else usual
        if not names and self.with_label and find_files(self.img_prefix, self.is_valid_file):
            raise DataError(
                f"{self.img_prefix!r} holds images, but no folders of classes",
                hint="Put the images of each class into a folder; with_label=False ignores classes.",
            )
        if not names:
            raise DataError(
                f"No image was found below {self.img_prefix!r}",
                hint=f"Names of images end with {', '.join(sorted(self.extensions))}; "
                "set extensions= for others.",
            )
        columns = {"img_path": column_of([join(self.img_prefix, name) for name in names])}
        if self.with_label:
            columns["gt_label"] = column_of(labels)
        return LazyList(RecordTable(columns, len(names)))

    def _label_folders(self, folders: list[str]) -> dict[str, int]:
        """Labels follow the order of the folder names; classes in that order may also lack a folder."""
        names: list[str] = list(self.CLASSES or ())
        if len(names) == len(folders):
            return {folder: label for label, folder in enumerate(folders)}
        if names == sorted(names) and set(folders) <= set(names):
            return {folder: names.index(folder) for folder in folders}
        strange = [repr(folder) for folder in folders if folder not in names]
        if 0 < len(strange) < len(folders):
            hint = f"No class is called {', '.join(strange[:3])}."
        else:
            hint = "Each class has one folder, in the order of their names."
        raise DataError(
            f"There are {len(folders)} folders for {len(names)} classes", where=self.img_prefix, hint=hint
        )

    def _find_samples(self) -> tuple[list[str], list[int]]:
        """Names of the images below the prefix, and their labels if they have any."""
        if not self.with_label:
            return find_files(self.img_prefix, self.is_valid_file), []
        folders = find_folders(self.img_prefix)
        if self.CLASSES is None:
            self._metainfo["classes"] = tuple(folders)
        self.folder_to_idx = self._label_folders(folders)
        names: list[str] = []
        labels: list[int] = []
        empty = []
        for folder, label in self.folder_to_idx.items():
            files = find_files(join(self.img_prefix, folder), self.is_valid_file)
            names.extend(os.path.join(folder, file) for file in files)
            labels.extend([label] * len(files))
            if not files:
                empty.append(folder)
        if empty and names:
            logger.warning("No image in these class folders: %s", ", ".join(empty))
        return names, labels
