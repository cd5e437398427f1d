"""Writing the parts of the data as lists that people can read and change."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpretrain.datasets.labelled import Labelled
from mmpretrain.errors import DataError
from mmpretrain.utils.atomic import write_atomic

#: What a config file calls its own folder.
_HERE = "{{ fileDirname }}/"


def write_lists(parts: Mapping[str, Labelled], folder: Path) -> dict[str, dict[str, Any]]:
    """Write a list for each part, and return the config of its data set, without a pipeline.

    The configs are for a config file in the same folder, which may be moved.

    Samples with one label become ``train.csv`` with the columns path and label, others ``train.json`` in the
    layout of 1.x. Of images that are not files, ``train.txt`` has the numbers in their data set.

    Args:
        parts: Name of a part -> samples.
        folder: Where to write.
    """
    root = _common_folder([name for part in parts.values() for name in part.names if part.config is None])
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _write(name, part, folder, root) for name, part in parts.items()}


def _write(name: str, part: Labelled, folder: Path, root: str) -> dict[str, Any]:
    metainfo = {"classes": list(part.classes)}
    if part.config is not None and part.task == "regression":
        raise DataError("regression takes a folder or a table", hint="Write a .csv file: path,value.")
    if part.config is not None:
        path = folder / f"{name}.txt"
        numbers = part.indices if part.indices is not None else range(len(part))
        _save(path, "".join(f"{number}\n" for number in numbers))
        return {**part.config, "indices": _HERE + path.name, "metainfo": metainfo}
    paths = [os.path.relpath(image, root) if root else image for image in part.names]
    if part.task == "multi":
        path = folder / f"{name}.json"
        items = [{"img_path": image, "gt_label": list(some)} for image, some in zip(paths, part.labels)]
        content = {"metainfo": metainfo, "data_list": items}
        _save(path, json.dumps(content, ensure_ascii=False, indent=1))
        where = {"ann_file": _HERE + path.name, "data_prefix": root}
        return {"type": "MultiLabelDataset", **where, "metainfo": metainfo}
    path = folder / f"{name}.csv"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    table: dict[str, Any] = {"type": "TableDataset", "ann_file": _HERE + path.name, "data_prefix": root}
    if part.task == "regression":
        writer.writerow(["path", "value"])
        writer.writerows(zip(paths, part.values))
        table.update(label=None, value="value")
    else:
        writer.writerow(["path", "label"])
        writer.writerows([image, part.classes[some[0]]] for image, some in zip(paths, part.labels))
        table["metainfo"] = metainfo
    _save(path, text.getvalue())
    return table


def _save(path: Path, text: str) -> None:
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:  # a name of another encoding, as Linux allows it
        line = text[text.rfind("\n", 0, error.start) + 1 :].partition("\n")[0]
        raise DataError(
            f"the name of a file or folder is not UTF-8: {line!a}", hint="Rename it, and start again."
        ) from error
    write_atomic(path, lambda file: file.write(content))


def _common_folder(names: list[str]) -> str:
    """The folder that all files are in."""
    folders = {os.path.dirname(os.path.abspath(name)) for name in names}
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # on several drives
        return ""
