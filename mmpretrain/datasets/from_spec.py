"""Building the config of a data set from a short description, as on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import takewhile
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from mmpretrain.datasets.huggingface import split_names
from mmpretrain.datasets.packed.places import explain_absence, packed_splits, unfinished_splits
from mmpretrain.datasets.part_names import OWN_NAMES, SPLIT_NAMES, Split, named_like
from mmpretrain.datasets.shards import expand
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.fileio import exists, join
from mmpretrain.utils.listing import list_dir
from mmpretrain.utils.nearest import nearest

T = TypeVar("T")
#: Where samples are: a path or pattern, a list of existing shards, or the config of a data set.
SplitSpec = str | list[str] | dict[str, Any]

#: Files that are tables.
TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".parquet")
#: Settings that a data set takes over from the one that it replaces.
KEPT = ("pipeline", "on_error", "indices", "max_refetch", "serialize_data")
#: Tables that list the images of their folder.
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
#: Without a split of its own, every fifth sample of each class is for validation.
FOLDS = 5


def dataset_from_spec(spec: str, split: Split | None = None) -> dict[str, Any]:
    """Return the config of the data set that ``spec`` describes.

    ==============================  ====================================================================
    ``folder``                      a folder of class folders
    ``list.txt``                    ``path index`` a line
    ``x.csv`` (tsv, jsonl, parquet) a table with the columns ``path`` and ``label``
    ``x.json``                      an annotation file of 1.x
    ``hf://org/name``               one of the Hugging Face hub; ``?name=..&image=..&label=..`` may follow
    ``x-{000..099}.tar``            tar shards
    ``x.lmdb``                      an LMDB database
    ``x.zip``                       a folder of class folders, zipped
    ``folder``                      that ``mmpretrain pack`` wrote
    ==============================  ====================================================================

    Args:
        spec: The description.
        split: Which part. A folder may have sub-folders ``train`` and ``val`` (or ``test``), a file a sibling
            whose name has ``val`` in place of ``train``. Where nothing like that is found, a fixed fifth of
            each class is held out for validation, and training does without it.
    """
    spec = os.path.expanduser(spec)
    if spec.startswith("hf://"):
        return _hugging_face(spec.removeprefix("hf://"), split)
    if "{" in spec:
        expand(spec)  # so that errors show the pattern as it was given
    elif "://" not in spec and not os.path.exists(spec):
        raise MissingFileError(f"There is no data at {brief(spec)}", hint=nearest(spec))
    if packed := _packed_parts(spec):
        return _part_of_pack(packed, split)
    if split is None:
        return of_place(spec)
    part = _part(spec, "val" if split == "train" else split)
    if part is None and split == "test" and _is_named(spec, split):
        part = spec
    return _divided(split, _part(spec, "train"), part, spec, of_place)


def held_out_from_spec(spec: str) -> dict[str, Any]:
    """Return the config of the images that ``spec`` sets apart for validation; of all if there are none.

    Args:
        spec: See :func:`dataset_from_spec`.
    """
    spec = os.path.expanduser(spec)
    if spec.startswith("hf://"):
        return dataset_from_spec(spec, "val")
    whole = dataset_from_spec(spec)
    if packed := _packed_parts(spec):
        return packed.get("val") or packed.get("test") or whole
    part = _part(spec, "val")
    return whole if part is None else of_place(part)


def _divided(
    split: Split, train: T | None, other: T | None, everything: T, config_of: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    """The config of ``split``, given what is set apart for training, and for validation or test."""
    if other is not None and (train is not None or split == "test"):
        return config_of(train if train is not None and split == "train" else other)
    whole = train if train is not None else other if other is not None else everything
    return {
        "type": "KFoldDataset",
        "dataset": config_of(whole),
        "num_splits": FOLDS,
        "stratified": True,
        "test_mode": split != "train",
    }


def of_place(spec: str | list[str]) -> dict[str, Any]:
    """Return the config of the data set at a place, all of it."""
    if isinstance(spec, list):
        return {"type": "ShardDataset", "shards": spec}
    extension = os.path.splitext(spec)[1].lower()
    folder = os.path.dirname(spec)
    if "::" in spec:
        return {"type": "CustomDataset", "data_prefix": spec}
    if extension == ".tar" or "{" in spec:
        return {"type": "ShardDataset", "shards": spec}
    if extension in TABLES:
        return {"type": "TableDataset", "ann_file": spec, "data_prefix": folder}
    if extension == ".lmdb" or os.path.exists(os.path.join(spec, "data.mdb")):
        return {"type": "LMDBDataset", "db_path": spec}
    if extension == ".zip":
        return {"type": "CustomDataset", "data_prefix": _root(spec)}
    if extension == ".txt":
        return {"type": "CustomDataset", "ann_file": spec, "data_prefix": folder}
    if extension == ".json":
        return {"type": "BaseDataset", "ann_file": spec, "data_prefix": folder}
    if os.path.isfile(spec):
        raise DataError(f"{spec!r} is no kind of data that can be read", hint=_KINDS)
    return {"type": "CustomDataset", "data_prefix": spec}


_KINDS = "Give a folder, .txt, .csv, .tsv, .jsonl, .parquet, .json, .lmdb, .zip, x-{000..099}.tar or hf://org/name."


def _packed_parts(spec: str) -> dict[str, dict[str, Any]]:
    """The configs of the parts of a packed data set by name; none for anything else.

    Raises:
        MissingFileError: If its packing was interrupted.
    """
    if "://" in spec or not os.path.isdir(spec):
        return {}
    if unfinished := unfinished_splits(spec):
        raise explain_absence(spec, unfinished[0], MissingFileError(spec))
    return {name: {"type": "PackedDataset", "data_root": spec, "split": name} for name in packed_splits(spec)}


def _part_of_pack(packed: Mapping[str, dict[str, Any]], split: Split | None) -> dict[str, Any]:
    """The config of a part of a packed data set, or of a share of one."""
    first = next(iter(packed.values()))
    if split is None:
        return first
    names = ("test", "val") if split == "test" else ("val", "test")
    other = next((packed[name] for name in names if name in packed), None)
    return _divided(split, packed.get("train"), other, first, dict)


def metadata_in(folder: str) -> str | None:
    """Return the table of the images in a folder, as data sets of the Hugging Face hub have it; or None."""
    return next(filter(exists, (join(folder, name) for name in METADATA)), None)


def _root(spec: str) -> str:
    """The folder that ``spec`` is, or has inside."""
    if not spec.lower().endswith(".zip") or "::" in spec:
        return spec
    root = f"zip://::{spec}"
    inside = [join(root, name) for name in list_dir(root, files=False) if name != "__MACOSX"]
    # The folder that was zipped; a class alone has no folders of its own.
    return inside[0] if len(inside) == 1 and any(list_dir(inside[0], files=False)) else root


def parts_of(spec: str) -> dict[str, SplitSpec]:
    """Return where the parts of the data at ``spec`` are: ``train``, and ``val`` and ``test`` if set apart.

    Unlike :func:`dataset_from_spec`, one part is never taken for another.

    Raises:
        MissingFileError: If nothing is there.
    """
    whole = dataset_from_spec(spec)  # complains of what is not there
    spec = os.path.expanduser(spec)
    if spec.startswith("hf://"):
        path, _, query = spec.removeprefix("hf://").partition("?")
        options = dict(parse_qsl(query))
        if "split" in options:
            return {"train": whole}
        present = split_names(path, options.get("name"))
        names = {part: next((n for n in own if n in present), None) for part, own in OWN_NAMES.items()}
        names["train"] = names["train"] or present[0]
        return {part: _of_hub(path, options, name) for part, name in names.items() if name}
    if packed := _packed_parts(spec):
        own = {part: packed[part] for part in OWN_NAMES if part in packed}
        return {"train": next(iter(packed.values())), **own}
    found = {part: _part(spec, part, OWN_NAMES) for part in OWN_NAMES}
    if found["train"] is None:
        return {"train": _root(spec)}
    return {part: place for part, place in found.items() if place is not None}


def _part(
    spec: str, split: Split, names: Mapping[Split, tuple[str, ...]] = SPLIT_NAMES
) -> str | list[str] | None:
    """Where the part ``split`` of a folder or file is; None if it is not set apart."""
    root = _root(spec)
    if root != spec or os.path.isdir(spec):
        inside = [join(root, name) for name in named_like(list_dir(root, files=False), names[split])]
        # A class may be called "train": the folder of a split has folders of its own, or a list.
        found = next((each for each in inside if any(list_dir(each, files=False)) or metadata_in(each)), None)
        if found is not None:
            return found
    if not _is_named(spec, "train"):
        return None
    if split == "train":
        return spec
    folder, base = os.path.split(spec)
    siblings = (os.path.join(folder, _naming("train").sub(name, base)) for name in names[split])
    return next(filter(None, map(_existing, siblings)), None)


def _existing(spec: str) -> str | list[str] | None:
    """``spec``, or its first shards if the others do not exist; None if nothing does."""
    names = expand(spec)
    present = list(takewhile(exists, names))
    return spec if len(present) == len(names) else present or None


def _is_named(spec: str, split: Split) -> bool:
    return bool(_naming(split).search(os.path.basename(spec.rstrip("/"))))


def _naming(split: Split) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(SPLIT_NAMES[split])})(?![a-z])")


def _hugging_face(rest: str, split: Split | None) -> dict[str, Any]:
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query))
    if split is None:
        return _of_hub(path, options)
    if "split" in options:
        chosen = options.pop("split")
        other = chosen if split == "test" and chosen in SPLIT_NAMES["test"] else None
        return _divided(split, None, other, chosen, partial(_of_hub, path, options))
    present = split_names(path, options.get("name"))
    train, other = (
        next((name for name in SPLIT_NAMES[part] if name in present), None)
        for part in ("train", "val" if split == "train" else split)
    )
    return _divided(split, train, other, present[0], partial(_of_hub, path, options))


def _of_hub(path: str, options: Mapping[str, str], split: str | None = None) -> dict[str, Any]:
    return {"type": "HuggingFaceDataset", "path": path, **options, **({"split": split} if split else {})}
