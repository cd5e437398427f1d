"""Images in class folders, to be split and trained on."""

from __future__ import annotations

import logging

from mmpretrain.datasets.custom import MEASURED_EXTENSIONS, find_files, find_folders
from mmpretrain.datasets.from_spec import TABLES
from mmpretrain.datasets.labelled_table import SUFFIXES
from mmpretrain.datasets.part_names import part_called
from mmpretrain.errors import DataError
from mmpretrain.utils.fileio import join
from mmpretrain.utils.listing import list_dir

logger = logging.getLogger(__name__)

#: What to do with images that are not in folders of classes.
PLACE_THEM = (
    "Put the images of each class into a folder of its own, or give a .csv file with the columns path and "
    "label."
)
_ANY = tuple(dict.fromkeys((*SUFFIXES, *MEASURED_EXTENSIONS)))


def read_class_folders(
    root: str,
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """Return the images below a folder, the class of each, and the names of the classes.

    Hidden folders and those without an image are no classes. Arrays and DICOM count where there are no other
    images, beside which they may be anything.

    Args:
        root: The folder.

    Raises:
        DataError: If there are no folders with images.
    """
    inside = {folder: _images(join(root, folder)) for folder in find_folders(root)}
    pictures = {folder: [one for one in files if _ends(one, SUFFIXES)] for folder, files in inside.items()}
    found = pictures if any(pictures.values()) else inside
    classes = tuple(folder for folder, files in found.items() if files)
    if not classes or all(map(part_called, classes)):
        raise _no_classes(root, classes)
    empty = [folder for folder in found if folder not in classes]
    if empty:
        logger.warning("No image in these folders, which are no classes: %s", ", ".join(empty))
    names = tuple(join(root, folder, file) for folder in classes for file in found[folder])
    labels = tuple((label,) for label, folder in enumerate(classes) for _ in found[folder])
    return names, labels, classes


def _images(folder: str) -> list[str]:
    return find_files(folder, lambda name: _ends(name, _ANY))


def _ends(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.lower().endswith(suffixes)


def _no_classes(root: str, classes: tuple[str, ...]) -> DataError:
    """Say why the folders in a folder are no classes."""
    if classes:
        return DataError(
            f"the folders in {root!r} are called {' and '.join(classes)}, like parts of a data set, "
            "and not all that is needed is there",
            hint="Training needs a folder train with a folder of images for each class.",
        )
    if _images(root):
        tables = [name for name in sorted(list_dir(root, folders=False)) if name.lower().endswith(TABLES)]
        beside = f"There is a table beside them: --data {join(root, tables[0])}" if tables else PLACE_THEM
        return DataError(f"{root!r} holds images, but no folders of classes", hint=beside)
    return DataError(
        f"No image was found below {root!r}", hint=f"Names of images end with {', '.join(_ANY)}."
    )
