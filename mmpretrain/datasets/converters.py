"""Annotations of publishers, turned into lists with a path and a label on each line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from mmpretrain.errors import DataError
from mmpretrain.utils import plain_data
from mmpretrain.utils.fileio import read_lines


def imagenet_subset(path: str, train_list: str) -> Iterator[str]:
    """Yield the lines for a list of file names of ImageNet's training set, such as SimCLR's 1 % and 10 %.

    Args:
        path: File names, one a line: ``n01440764_10026.JPEG``.
        train_list: The list of the training set: ``n01440764/n01440764_10026.JPEG 0``.

    Raises:
        DataError: If a line is not understood, or of an unknown class.
    """
    labels: dict[str, str] = {}
    for number, line in enumerate(read_lines(train_list), 1):
        if line.strip():
            name, _, label = line.rstrip().rpartition(" ")
            folder, slash, _ = name.partition("/")
            if not slash or not label.isdecimal():
                raise DataError(f"{line!r} is not FOLDER/FILE LABEL", where=f"{train_list}:{number}")
            labels[folder] = label
    for number, line in enumerate(read_lines(path), 1):
        name = line.strip()
        if not name:
            continue
        folder = name.partition("_")[0]
        if folder not in labels:
            raise DataError(f"{name!r} is of no class of {train_list}", where=f"{path}:{number}")
        yield f"{folder}/{name} {labels[folder]}"


def inaturalist(path: str) -> Iterator[str]:
    """Yield the lines for the annotations of an iNaturalist competition.

    Args:
        path: The JSON file, such as ``train2018.json``.

    Raises:
        DataError: If it is another file.
    """
    content = _read(path, "images", "annotations")
    labels = {
        _field(item, "image_id", path): _field(item, "category_id", path) for item in content["annotations"]
    }
    for item in content["images"]:
        if (identity := _field(item, "id", path)) in labels:
            yield f"{_field(item, 'file_name', path)} {labels[identity]}"


def flickr30k(path: str, split: str) -> dict[str, Any]:
    """Return the captions of a split in the layout of COCO, which measures of captions read.

    Args:
        path: ``dataset_flickr30k.json``.
        split: ``train``, ``val`` or ``test``.

    Raises:
        DataError: If it is another file.
    """
    images, captions = [], []
    for item in _read(path, "images")["images"]:
        if _field(item, "split", path) != split:
            continue
        identity = PurePosixPath(str(_field(item, "filename", path))).stem
        images.append({"id": identity})
        for sentence in _field(item, "sentences", path):
            text = _field(sentence, "raw", path)
            captions.append({"id": len(captions), "image_id": identity, "caption": text})
    return {"images": images, "annotations": captions}


def _read(path: str, *keys: str) -> Mapping[str, Any]:
    content = plain_data.load(path, file_format="json")
    if not isinstance(content, Mapping) or not all(isinstance(content.get(key), list) for key in keys):
        raise DataError(f"this file has no lists {' and '.join(keys)}", where=path)
    return content


def _field(item: Any, key: str, path: str) -> Any:
    if not isinstance(item, Mapping) or key not in item:
        raise DataError(f"an entry has no {key!r}", where=path)
    return item[key]


#: Kind of annotations -> the function that yields lines.
LISTS: dict[str, Callable[..., Iterator[str]]] = {
    "imagenet-subset": imagenet_subset,
    "inaturalist": inaturalist,
}
#: The splits of Flickr30k.
FLICKR_SPLITS = ("train", "val", "test")
