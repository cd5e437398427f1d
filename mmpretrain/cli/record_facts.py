"""The facts of a test: what model, data and versions it was made with."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmpretrain.engine.runner.runner import Runner


def of_test(runner: Runner, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to keep about a test besides its predictions, as plain data.

    Args:
        runner: The runner that tested.
        results: The metrics.
    """
    from mmpretrain.utils.env import collect_env

    cfg = runner.cfg
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": sys.argv,
        "metrics": plain(results),
        "model": {"checkpoint": _file(cfg.get("load_from")), "parameters": _count(runner)},
        "data": _data(runner.test_dataloader.dataset),
        "config": {"file": cfg.get("filename"), "text": cfg.pretty_text},
        "versions": collect_env(),
    }


def plain(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics as numbers and lists."""
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in results.items()}


def _count(runner: Runner) -> int:
    return sum(parameter.numel() for parameter in runner.bare_model.parameters())


def _file(path: Any) -> dict[str, Any]:
    """Return a path, and of a file its hash."""
    if not isinstance(path, str) or not os.path.isfile(path):
        return {"path": path}
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return {"path": path, "sha256": digest.hexdigest()}


def _data(dataset: Any) -> dict[str, Any]:
    """Return the size of a data set, and a hash of the names and labels of its samples."""
    facts: dict[str, Any] = {"type": type(dataset).__name__, "samples": len(dataset)}
    if callable(info := getattr(dataset, "get_data_info", None)):
        digest = hashlib.sha256()
        for index in range(len(dataset)):
            sample = info(index)
            label = sample.get("gt_label")
            known = [sample.get("img_path"), label.tolist() if hasattr(label, "tolist") else label]
            digest.update(json.dumps(known, default=str).encode())
        facts["sha256_of_names_and_labels"] = digest.hexdigest()
    return facts
