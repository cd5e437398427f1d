"""Replacing the data of a config."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmpretrain.config.wrapped import innermost
from mmpretrain.datasets.from_spec import FOLDS, KEPT, dataset_from_spec
from mmpretrain.datasets.labelled import Task
from mmpretrain.datasets.labelled_dataset import as_labelled, with_values
from mmpretrain.datasets.part_names import Split
from mmpretrain.datasets.preflight import find_classifier
from mmpretrain.datasets.preflight_classes import label_arrays
from mmpretrain.datasets.unlabelled import images_from_spec
from mmpretrain.errors import DataError, MMPretrainError
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.structures import value_names

logger = logging.getLogger(__name__)


def use_data(cfg: Any, spec: str, source: Any = None, *, fit: bool = True) -> None:
    """Put the data that ``spec`` describes into all data loaders of a config; pipelines and the like stay.

    All splits get the classes of the training data, and the model as many outputs, if it is to be fitted.

    Args:
        cfg: A whole config.
        spec: See :func:`~mmpretrain.datasets.from_spec.dataset_from_spec`.
        source: What errors about the number of classes name as its source.
        fit: Whether the model is to learn the classes of the data. One that is tested keeps its outputs, and
            labels are mapped to those of its checkpoint by their names.

    Raises:
        DataError: If there are too few samples.
    """
    if getattr(_model_class(cfg), "unsupervised", False):
        _use_images(cfg, spec)
        return
    task = _task(cfg)
    train = DATASETS.build(innermost(_described(spec, "train", task, cfg)))
    for split in ("train", "val", "test"):
        loader = cfg.get(f"{split}_dataloader")
        if not loader:
            continue
        old = innermost(loader["dataset"])
        loader["dataset"] = _described(spec, split, task, cfg)
        inner = innermost(loader["dataset"])
        inner.update({key: old[key] for key in KEPT if key in old}, test_mode=split != "train")
        if train.CLASSES is not None:
            inner["metainfo"] = {"classes": list(train.CLASSES)}
        if fit and inner is not loader["dataset"]:
            _explain_share(spec, split, len(train))
    if fit and (count := _class_count(train)):
        cfg.merge_from_dict(dict.fromkeys(_counts(cfg), count), source=source)


def images_of(cfg: Any, split: Split) -> frozenset[str]:
    """The paths of the images of a split of a config; none if they cannot be told."""
    loader = cfg.get(f"{split}_dataloader")
    if not loader:
        return frozenset()
    try:
        dataset = DATASETS.build({**innermost(loader["dataset"]), "pipeline": []})
    except (MMPretrainError, OSError):
        return frozenset()
    paths = (dataset.get_data_info(index).get("img_path") for index in range(len(dataset)))
    return frozenset(os.path.abspath(path) for path in paths if isinstance(path, str))


def use_all_for_test(cfg: Any, trained_on: frozenset[str], spec: str) -> None:
    """Test on all images of data that are not divided, if none of them was trained on.

    Args:
        cfg: A config after :func:`use_data`, which holds a fifth out.
        trained_on: What :func:`images_of` told of the training images before; nothing is changed without.
        spec: What messages call the data.

    Raises:
        DataError: If there are too few samples to hold a fifth out.
    """
    loader = cfg["test_dataloader"]
    inner = innermost(loader["dataset"])
    if inner is loader["dataset"]:
        return
    if trained_on and trained_on.isdisjoint(images_of(cfg, "test")):
        loader["dataset"] = inner
    else:
        _explain_share(spec, "test", len(DATASETS.build({**inner, "pipeline": []})))


def _described(spec: str, split: Split, task: Task | None, cfg: Any) -> dict[str, Any]:
    """The config of the data set that ``spec`` describes, with labels of the kind that a model learns."""
    described = dataset_from_spec(spec, split)
    if task == "regression":
        return with_values(described, _values(cfg), split)
    return as_labelled(described, split, task)


def _values(cfg: Any) -> Sequence[str]:
    """What the numbers that a model predicts are called in the data of its config."""
    loader = cfg.get("train_dataloader") or cfg.get("test_dataloader")
    value = innermost(loader["dataset"]).get("value") if loader else None
    names = [value] if isinstance(value, str) else list(value or ())
    return names or value_names(None, cfg["model"]["head"].get("num_values", 1))


#: Head -> the task that it is for; those derived from it, too.
_TASKS: dict[str, Task] = {
    "RegressionHead": "regression",
    "MultiLabelClsHead": "multi",
    "OrdinalClsHead": "ordinal",
    "ClsHead": "single",
}


def _task(cfg: Any) -> Task | None:
    """What the model of a config learns; None if its labels tell."""
    head = (cfg.get("model") or {}).get("head")
    kind = head.get("type") if isinstance(head, Mapping) else None
    found = MODELS.get(kind) if isinstance(kind, str) and MODELS.declares(kind) else kind
    parents = found.__mro__ if isinstance(found, type) else ()
    return next((_TASKS[parent.__name__] for parent in parents if parent.__name__ in _TASKS), None)


def _model_class(cfg: Any) -> Any:
    """The class of a config's model, if it is a registered one."""
    kind = (cfg.get("model") or {}).get("type")
    return MODELS.get(kind) if isinstance(kind, str) and MODELS.declares(kind) else kind


def _use_images(cfg: Any, spec: str) -> None:
    """Put images, whose labels do not matter, into the training data of a config; the pipeline stays."""
    loader = cfg.get("train_dataloader")
    if not loader:
        return
    old = innermost(loader["dataset"])
    loader["dataset"] = images_from_spec(spec) | {key: old[key] for key in KEPT if key in old}


def _explain_share(spec: str, split: str, size: int) -> None:
    if size < FOLDS:
        raise DataError(
            f"{spec!r} has {size} samples, too few to hold every fifth out for validation",
            hint="Add images, or put some for validation beside them, in a folder or file named 'val'.",
        )
    if split != "train":
        logger.warning("%s has no part for %s: a fixed fifth of each class is held out", spec, split)


def _class_count(dataset: Any) -> int | None:
    """How many classes there are; where they have no names, the labels tell. None if nothing does."""
    if dataset.CLASSES is not None:
        return len(dataset.CLASSES)
    found = label_arrays(dataset)
    return None if found is None or not len(found[0]) else int(found[0].max()) + 1


def _counts(cfg: Any) -> Iterator[str]:
    """Key paths of all that counts classes: the classifier, losses, batch augmentation."""
    if "num_classes" in (cfg.get("data_preprocessor") or {}):
        yield "data_preprocessor.num_classes"
    if classifier := find_classifier(cfg.get("model")):
        yield from _equal_counts(cfg["model"], "model", classifier["num_classes"])


def _equal_counts(node: Any, path: str, count: int) -> Iterator[str]:
    if isinstance(node, Mapping) and node.get("num_classes") == count:
        yield f"{path}.num_classes"
    inner = node.items() if isinstance(node, Mapping) else enumerate(node if isinstance(node, list) else ())
    for key, item in inner:
        yield from _equal_counts(item, f"{path}.{key}", count)
