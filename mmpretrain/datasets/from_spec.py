"""From a short description of data, as on the command line, to a config."""

from __future__ import annotations

import os
import re
from typing import Any, Literal
from urllib.parse import parse_qsl

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.fileio import nearest_folder

Split = Literal["train", "val", "test"]

#: Names that folders and files of a split have, the best first.
SPLIT_NAMES: dict[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "test", "testing"),
    "test": ("test", "testing", "val", "valid", "validation"),
}
#: What a data set that is replaced hands down.
KEPT = ("pipeline", "on_error", "indices", "max_refetch", "serialize_data")
#: Without a split of its own, every fifth sample of each class is for validation.
FOLDS = 5


def dataset_from_spec(spec: str, split: Split | None = None) -> dict[str, Any]:
    """Return the config of the data set that ``spec`` describes.

    ==============================  ====================================================================
    ``folder``                      a folder of class folders
    ``list.txt``                    ``path index`` a line
    ``x.csv`` (tsv, parquet)        a table with the columns ``path`` and ``label``
    ``x.json``                      an annotation file of 1.x
    ``hf://org/name``               one of the Hugging Face hub; ``?name=..&image=..&label=..`` may follow
    ``x-{000..099}.tar``            tar shards
    ``x.lmdb``                      an LMDB database
    ``x.zip``                       a folder of class folders, zipped
    ==============================  ====================================================================

    Args:
        spec: The description.
        split: Which part. A folder may have sub-folders ``train`` and ``val`` (or ``test``), a file a sibling
            whose name has ``val`` in place of ``train``. Where nothing like that is found, a fixed fifth of
            each class is held out for validation.
    """
    spec = os.path.expanduser(spec)
    if spec.startswith("hf://"):
        return _hugging_face(spec.removeprefix("hf://"), split)
    if "://" not in spec and "{" not in spec and not os.path.exists(spec):
        raise MissingFileError(f"There is no data at {spec!r}", hint=nearest_folder(spec))
    if split is None:
        return _of_place(spec)
    part = _part(spec, split)
    if part is not None:
        return _of_place(part)
    return {
        "type": "KFoldDataset",
        "dataset": _of_place(spec),
        "num_splits": FOLDS,
        "stratified": True,
        "test_mode": split != "train",
    }


def _of_place(spec: str) -> dict[str, Any]:
    extension = os.path.splitext(spec)[1].lower()
    folder = os.path.dirname(spec)
    if extension == ".tar" or "{" in spec:
        return {"type": "ShardDataset", "shards": spec}
    if extension in (".csv", ".tsv", ".tab", ".parquet"):
        return {"type": "TableDataset", "ann_file": spec, "data_prefix": folder}
    if extension == ".lmdb" or os.path.exists(os.path.join(spec, "data.mdb")):
        return {"type": "LMDBDataset", "db_path": spec}
    if extension == ".zip":
        return {"type": "CustomDataset", "data_prefix": f"zip://::{spec}"}
    if extension == ".txt":
        return {"type": "CustomDataset", "ann_file": spec, "data_prefix": folder}
    if extension == ".json":
        return {"type": "BaseDataset", "ann_file": spec, "data_prefix": folder}
    if extension in (".pkl", ".npz", ".gz", ".h5"):
        raise DataError(f"{spec!r} is no kind of data that can be read", hint=_KINDS)
    return {"type": "CustomDataset", "data_prefix": spec}


_KINDS = "Give a folder, .txt, .csv, .tsv, .parquet, .json, .lmdb, .zip, x-{000..099}.tar or hf://org/name."


def _part(spec: str, split: Split) -> str | None:
    """Where the part ``split`` of a folder or file is; None if it is not set apart."""
    if os.path.isdir(spec):
        below = (os.path.join(spec, name) for name in SPLIT_NAMES[split])
        return next(filter(os.path.isdir, below), None)
    folder, base = os.path.split(spec)
    pattern = r"(?<![a-z])(?:train|training)(?![a-z])"
    if not re.search(pattern, base):
        return None
    siblings = [os.path.join(folder, re.sub(pattern, name, base)) for name in SPLIT_NAMES[split]]
    if split == "train":
        return spec
    remote = "://" in spec or "{" in spec
    return next((sibling for sibling in siblings if not remote and os.path.exists(sibling)), None)


def _hugging_face(rest: str, split: Split | None) -> dict[str, Any]:
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query))
    options.setdefault("split", "train" if split is None else _hub_split(path, options.get("name"), split))
    return {"type": "HuggingFaceDataset", "path": path, **options}


def _hub_split(path: str, name: str | None, split: Split) -> str:
    """The name that a split has in a data set of the hub."""
    if split == "train":
        return "train"
    from mmpretrain.utils.optional import optional_import

    library = optional_import("datasets", feature="Data from hf://", extra="data")
    if os.path.isfile(os.path.join(path, "dataset_dict.json")):
        present = list(library.load_from_disk(path))
    else:
        present = library.get_dataset_split_names(path, name)
    found = next((candidate for candidate in SPLIT_NAMES[split] if candidate in present), None)
    if found is None:
        raise DataError(
            f"It has no split for {split!r}, only {', '.join(present)}",
            where=f"hf://{path}",
            hint=f"Name one: hf://{path}?split=...",
        )
    return found


def use_data(cfg: Any, spec: str) -> None:
    """Put the data that ``spec`` describes into all data loaders of a config; pipelines and the like stay.

    All splits get the classes of the training data, and the head as many.

    Args:
        cfg: A whole config.
        spec: See :func:`dataset_from_spec`.
    """
    from mmpretrain.registry import DATASETS

    classes = DATASETS.build(innermost(dataset_from_spec(spec, "train"))).CLASSES
    for split in ("train", "val", "test"):
        loader = cfg.get(f"{split}_dataloader")
        if not loader:
            continue
        old = innermost(loader["dataset"])
        loader["dataset"] = dataset_from_spec(spec, split)
        inner = innermost(loader["dataset"])
        inner.update({key: old[key] for key in KEPT if key in old}, test_mode=split != "train")
        if classes is not None:
            inner["metainfo"] = {"classes": list(classes)}
    if classes is not None:
        for node in ((cfg.get("model") or {}).get("head"), cfg.get("data_preprocessor")):
            if node and "num_classes" in node:
                node["num_classes"] = len(classes)


def innermost(dataset: Any) -> Any:
    """The config of the data set inside all wrappers."""
    while "dataset" in dataset or "datasets" in dataset:
        dataset = dataset["dataset"] if "dataset" in dataset else dataset["datasets"][0]
    return dataset
