"""Annotation files: lists, JSON, YAML, CSV, pickles and MATLAB files, mutated and read by their data sets."""

from __future__ import annotations

import io
import json
import pickle
import struct
from functools import cache
from random import Random

import numpy as np

from mmpretrain.datasets import BaseDataset, CustomDataset
from mmpretrain.datasets.matlab import load_mat
from mmpretrain.datasets.table import TableDataset
from tests.checkpoints import attacks
from tests.fuzz.case import Case, Target
from tests.fuzz.mutate import ODD_VALUES, PLAIN_VALUES, as_bytes, mutate_bytes, mutate_text, mutate_tree

_RECORDS = {
    "metainfo": {"classes": ["a", "b"]},
    "data_list": [{"img_path": f"{i}.png", "gt_label": i % 2, "box": [1, 2.5]} for i in range(4)],
}
_YAML = """metainfo: &m {classes: [a, b]}
data_list:
- {img_path: 0.png, gt_label: 0}
- {img_path: 1.png, gt_label: 1, m: *m}
"""
_LIST = "0.png 0\n1.png 1\n2.png 0,1\n'a b.png' 1\n"
_CSV = 'path,label,split\n0.png,a,train\n"1,2.png",b,val\n2.png,=1+1,train\n'


@cache
def _pickles() -> list[bytes]:
    records = {**_RECORDS, "scores": np.arange(6.0).reshape(2, 3), "ids": np.array([1, 2])}
    known = [pickle.dumps(records, protocol) for protocol in range(6)]
    return known + [
        attacks.plain_pickle(program) for program in attacks.REFUSED.values() if len(program) < 2000
    ]


@cache
def _matlab() -> list[bytes]:
    try:
        from scipy.io import savemat
    except ImportError:
        return []
    files = []
    for compress in (True, False):
        file = io.BytesIO()
        images = {"name": np.array(["a", "bc"], dtype=object), "class": np.array([1, 2]), "x": {"y": "text"}}
        savemat(file, {"images": images, "labels": np.arange(6.0).reshape(2, 3)}, do_compression=compress)
        files.append(file.getvalue())
    return files


def make(rng: Random, number: int) -> Case:
    """Mutate values, letters or bytes of a file."""
    kinds = [_json, _yaml, _list, _csv, _pickle, *([_mat] if _matlab() else [])]
    file, data = kinds[number % len(kinds)](rng)
    return Case(file, {file: data})


def _json(rng: Random) -> tuple[str, bytes]:
    value, _ = mutate_tree(_RECORDS, rng, PLAIN_VALUES)
    text = json.dumps(value)
    return "a.json", as_bytes(mutate_text(text, rng) if rng.random() < 0.5 else text, rng)


def _yaml(rng: Random) -> tuple[str, bytes]:
    return "a.yaml", as_bytes(mutate_text(_YAML, rng), rng)


def _list(rng: Random) -> tuple[str, bytes]:
    return "a.txt", as_bytes(mutate_text(_LIST, rng), rng)


def _csv(rng: Random) -> tuple[str, bytes]:
    text = mutate_text(_CSV, rng)
    return "a.csv", as_bytes(text + "x" * 200_000 if rng.random() < 0.05 else text, rng)


def _pickle(rng: Random) -> tuple[str, bytes]:
    if rng.random() < 0.4:
        value, _ = mutate_tree(_RECORDS, rng, tuple(v for v in ODD_VALUES if type(v).__name__ != "Raw"))
        return "a.pkl", pickle.dumps(value, rng.randrange(6))
    return "a.pkl", mutate_bytes(rng.choice(_pickles()), rng, rng.choice(_pickles()))


def _mat(rng: Random) -> tuple[str, bytes]:
    data = rng.choice(_matlab())
    if rng.random() < 0.2:  # a dimension or a length
        place = rng.randrange(128, len(data) - 4)
        number = rng.choice((1 << 30, -1, (1 << 31) - 1))
        return "a.mat", data[:place] + struct.pack("<i", number) + data[place + 4 :]
    return "a.mat", mutate_bytes(data, rng)


def run(case: Case) -> None:
    """Read the file as a data set does."""
    (file,) = case.files
    if file == "a.mat":
        load_mat(file)
    elif file == "a.txt":
        len(CustomDataset(ann_file=file, data_prefix="", data_root="."))
    elif file == "a.csv":
        len(TableDataset(ann_file=file))
    else:
        len(BaseDataset(ann_file=file))


TARGET = Target("annotations", make, run, seconds=60, quick=240)
