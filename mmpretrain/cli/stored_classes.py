"""Comparing the classes of the data with those stored in the checkpoint."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmpretrain.config import Config
    from mmpretrain.datasets.preflight_problem import Problem


def stored_classes(source: Any) -> list[str] | None:
    """Return the class names in a checkpoint; None if it has none, or cannot be read here."""
    from mmpretrain import checkpoints
    from mmpretrain.checkpoints.meta import dataset_meta
    from mmpretrain.errors import MMPretrainError

    if not isinstance(source, (str, os.PathLike)) or os.path.isdir(source):
        return None
    try:
        meta = dataset_meta(checkpoints.read(checkpoints.find(source))) or {}
    except (MMPretrainError, OSError):  # said on loading
        return None
    names = meta.get("classes")
    return [str(name) for name in names] if isinstance(names, (list, tuple)) and names else None


def check_stored_classes(cfg: Config, split: str, dataset: Any, stored: Sequence[str]) -> Iterator[Problem]:
    """Compare the classes of a data set with those of a checkpoint, and map its labels if names allow it.

    Args:
        cfg: The config; ``metainfo.classes`` of the data set becomes ``stored`` where that maps the labels.
        split: The split of the data set.
        dataset: The data set, built.
        stored: The class names in the checkpoint.
    """
    from mmpretrain.datasets.preflight_classes import class_names
    from mmpretrain.datasets.preflight_problem import HARD, Problem, soft
    from mmpretrain.engine.runner.classes import compare

    names = [str(name) for name in class_names(dataset) or ()]
    found = compare(names, stored, split)
    if found is None:
        return
    wrong, sentence = found
    if not wrong:
        if split != "test":  # the runner says it before it tests
            yield soft(split, sentence)
    elif set(names) <= set(stored) and _take_labels(cfg, split, dataset, names, stored):
        both = sentence.partition(". ")[2]
        yield soft(split, f"labels are mapped by class name to those of the checkpoint. {both}")
    else:
        yield Problem(HARD, split, sentence)


def _take_labels(cfg: Config, split: str, dataset: Any, names: Sequence[str], stored: Sequence[str]) -> bool:
    """Set the class names of a data set to those stored, if that gives each sample the label of its name."""
    import numpy as np

    from mmpretrain.config.wrapped import plain_datasets
    from mmpretrain.datasets.preflight_classes import label_arrays
    from mmpretrain.errors import MMPretrainError
    from mmpretrain.registry import DATASETS

    whole = cfg[f"{split}_dataloader"]["dataset"]
    plain = list(plain_datasets(whole))
    if len(plain) != 1:
        return False
    before = plain[0].get("metainfo")
    plain[0]["metainfo"] = {**(before or {}), "classes": tuple(stored)}
    plain[0].pop("classes", None)
    try:
        old, new = label_arrays(dataset), label_arrays(DATASETS.build(whole))
    except MMPretrainError:
        old = new = None
    if old is not None and new is not None and len(old[0]) == len(new[0]):
        wanted = np.array([list(stored).index(name) for name in names])
        if len(old[0]) and old[0].max() < len(wanted) and (wanted[old[0]] == new[0]).all():
            return True
    if before is None:
        plain[0].pop("metainfo")
    else:
        plain[0]["metainfo"] = before
    return False
