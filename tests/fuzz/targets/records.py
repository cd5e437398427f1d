"""What a test has left: records and pickled results, mutated, and read by the commands that take them."""

from __future__ import annotations

import json
import os
import pickle
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from mmpretrain.evaluation import Record, ValueRecord
from tests.fuzz.case import Case, Target
from tests.fuzz.commands import call
from tests.fuzz.mutate import PLAIN_VALUES, mutate_bytes, mutate_tree

_METRICS = (
    "Accuracy",
    "AUROC",
    "CalibrationMetric",
    "SingleLabelMetric",
    "MultiLabelMetric",
    "RegressionMetric",
)
_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("report", "{}", "--out", "page.html", "--no-images"),
    ("compare", "{}", "sound", "--out", "page.html", "--no-images"),
    *(("eval-metric", "{}", "--metric", f"type={name}") for name in _METRICS),
    ("confusion-matrix", "{}", "--out", "matrix.csv"),
    ("analyze-results", "config.py", "{}", "--out-dir", "mistakes"),
)
_CONFIG = b"""test_dataloader = dict(dataset=dict(type='CustomDataset', data_root='.', pipeline=[]))
test_evaluator = dict(type='Accuracy')
"""


@cache
def _records() -> dict[str, dict[str, bytes]]:
    """Name -> file -> content."""
    scores = np.random.RandomState(0).rand(6, 3).astype(np.float32)
    facts = {
        "metrics": {"accuracy/top1": 50.0},
        "command": ["mmpretrain", "test"],
        "versions": {"torch": "2"},
    }
    paths, classes = tuple(f"{index}.png" for index in range(6)), ("a", "b", "c")
    made = {
        "single": Record(scores, np.arange(6) % 3, paths, classes, facts),
        "multi": Record(scores, (scores > 0.5).astype(np.int8), paths, classes, facts),
        "values": ValueRecord(scores[:, :2], scores[:, 1:], paths, ("x", "y"), facts),
    }
    found = {}
    for name, record in made.items():
        with tempfile.TemporaryDirectory() as folder:
            record.save(folder)
            found[name] = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return found


def _results() -> list[dict[str, Any]]:
    rows = [[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]]
    return [
        {
            "pred_score": row,
            "pred_label": [int(row[1] > 0.5)],
            "gt_label": [index % 2],
            "gt_score": [1, 0],
            "pred_value": [0.5, 1.0],
            "gt_value": [1.0, 2.0],
            "img_path": f"{index}.png",
            "sample_idx": index,
            "num_classes": 2,
        }
        for index, row in enumerate(rows)
    ]


def _pickled(rng: Random) -> tuple[str, bytes]:
    """Results of which a few values are odd; numbers are tensors, arrays, or lists."""
    tree, note = mutate_tree(_results(), rng, PLAIN_VALUES)
    kind = rng.choice(("tensor", "array", "list"))

    def stored(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: stored(inner) for key, inner in value.items()}
        if isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
            big = any(abs(item) > 2**62 for item in value)
            return value if kind == "list" or big else (torch.tensor if kind == "tensor" else np.array)(value)
        return [stored(inner) for inner in value] if isinstance(value, list) else value

    return f"{note}, {kind}", pickle.dumps(stored(tree))


def make(rng: Random, number: int) -> Case:
    """Mutate bytes of a record or of results, the facts, or values of results."""
    words = rng.choice(_COMMANDS)
    sound = {f"sound/{file}": data for file, data in _records()["single"].items()}
    files = {**sound, "config.py": _CONFIG}
    way = number % 3
    if way == 0:
        note, data = _pickled(rng)
        if rng.random() < 0.2:
            note, data = "bytes", mutate_bytes(data, rng)
        return Case(
            f"{words[0]}: {note}", {**files, "result.pkl": data}, [w.format("result.pkl") for w in words]
        )
    name = rng.choice(list(_records()))
    own = dict(_records()[name])
    if way == 1:
        file = rng.choice(("predictions.npz", "predictions.npz", "facts.json"))
        own[file] = mutate_bytes(own[file], rng, own["predictions.npz"])
        note = f"bytes of {file}"
    else:
        tree, note = mutate_tree(json.loads(own["facts.json"]), rng, PLAIN_VALUES)
        own["facts.json"] = json.dumps(tree).encode()
    files.update({f"odd/{file}": data for file, data in own.items()})
    return Case(f"{words[0]} of {name}: {note}", files, [word.format("odd") for word in words])


def run(case: Case) -> None:
    """Call the command; it may write only what it was told to."""
    before = {path: Path(path).read_bytes() for path in case.files}
    call(case.argument)
    assert before == {path: Path(path).read_bytes() for path in case.files}, "a file was changed"
    assert not {*os.listdir()} - {
        "odd",
        "sound",
        "config.py",
        "result.pkl",
        "page.html",
        "matrix.csv",
        "mistakes",
    }


TARGET = Target("records", make, run, seconds=60, quick=60, prepare=_records)
