"""Files and folders that a config names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmpretrain.checkpoints import sources
from mmpretrain.config.checks.problem import Problem, problem
from mmpretrain.config.tracked import raw_items
from mmpretrain.errors import MMPretrainError
from mmpretrain.registry import DATASETS

#: Data sets that download missing files.
_DOWNLOADED = {"CIFAR10", "CIFAR100", "MNIST", "FashionMNIST"}


def check_files(cfg: Mapping[str, Any], splits: Sequence[str]) -> Iterator[Problem]:
    """Check that local checkpoints, and the data of these splits, are there."""
    if cfg.get("load_from"):
        hint = "Set load_from=None to start without it."
        yield from _check_weights(cfg, "load_from", cfg["load_from"], hint)
    for path, node in _nodes(cfg, ""):
        if node.get("type") == "Pretrained":
            yield from _check_weights(cfg, f"{path}.checkpoint", node.get("checkpoint"), None)
    for split in splits:
        loader = cfg.get(f"{split}_dataloader")
        if isinstance(loader, Mapping):
            for path, dataset in _nodes(loader.get("dataset"), f"{split}_dataloader.dataset"):
                yield from _check_dataset(cfg, path, dataset)


def _check_dataset(cfg: Mapping[str, Any], path: str, dataset: Mapping[str, Any]) -> Iterator[Problem]:
    kind = str(dataset.get("type")).rpartition(".")[2]
    if (kind in _DOWNLOADED and dataset.get("download", True)) or not _is_local(kind, path, dataset):
        return
    root = dataset.get("data_root") or ""
    if not isinstance(root, str):  # the check of arguments reports it
        return
    if root:
        problems = list(_check(cfg, f"{path}.data_root", root, "Set it to where your data is."))
        if problems:  # the other paths are relative to it
            yield from problems
            return
    unset = "If it is not yours, set it to '' (nothing) to override what the base config says."
    if isinstance(dataset.get("ann_file"), str) and dataset["ann_file"]:
        yield from _check(cfg, f"{path}.ann_file", os.path.join(root, dataset["ann_file"]), unset)
    prefix = dataset.get("data_prefix")
    prefixes = prefix if isinstance(prefix, Mapping) else {"": prefix}
    for key, value in prefixes.items():
        if isinstance(value, str) and value:
            name = f"{path}.data_prefix.{key}".rstrip(".")
            yield from _check(cfg, name, os.path.join(root, value), unset)


def _is_local(kind: str, path: str, dataset: Mapping[str, Any]) -> bool:
    """Whether a node is a data set of this package that reads from disk; others have their own ways."""
    if ".pipeline" in path or not DATASETS.declares(kind):
        return False
    if not getattr(DATASETS.get(kind), "__module__", "").startswith("mmpretrain."):
        return False
    for _, node in [("", dataset), *_nodes(dataset.get("pipeline"), "")]:
        options = node.get("backend_args") or node.get("file_client_args") or {}
        if options.get("backend", "disk") not in ("disk", "local"):
            return False
    return True


def _check_weights(cfg: Mapping[str, Any], path: str, source: Any, hint: str | None) -> Iterator[Problem]:
    if isinstance(source, str):
        try:
            sources.check(source)
        except MMPretrainError as error:
            close = error.hint is not None and error.hint.startswith("Did you mean")
            yield problem(cfg, path, error.message, error.hint if close or hint is None else hint)


def _check(cfg: Mapping[str, Any], path: str, file: Any, hint: str | None) -> Iterator[Problem]:
    if not isinstance(file, str) or "://" in file or ":" in file.partition("/")[0]:
        return
    if not os.path.exists(os.path.expanduser(file)):
        yield problem(cfg, path, f"There is no file or folder {file!r}", hint)


def _nodes(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield all dicts with a type, with their paths."""
    if isinstance(value, dict):
        if "type" in value:
            yield path, value
        for key, item in raw_items(value):
            yield from _nodes(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _nodes(item, f"{path}.{index}")
