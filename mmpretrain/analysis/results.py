"""Predictions that a test has saved: reading them, and sorting right from wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeGuard

import numpy as np
import torch
from torch import Tensor

from mmpretrain.checkpoints import pickled
from mmpretrain.errors import DataError
from mmpretrain.evaluation.record import latest_record
from mmpretrain.evaluation.tasks import fields_by_task, samples_by_task
from mmpretrain.evaluation.value_record import load_record
from mmpretrain.evaluation.verdicts import Verdict
from mmpretrain.utils import plain_data

#: Fields that metrics expect as tensors.
_TENSORS = ("pred_score", "pred_label", "gt_label", "gt_score", "pred_value", "gt_value")
#: What MMClassification 0.x calls scores and labels.
_OLD_SCORES, _OLD_LABELS = "class_scores", "pred_label"


def load_results(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Read what ``test --out FILE.pkl`` wrote, here, in MMPretrain 1.x or MMClassification 0.x, or a record.

    Args:
        path: A ``.pkl``, ``.pickle`` or ``.json`` file; a record, or the folder of a run with one.

    Returns:
        The fields of each sample. Those of 0.x have no ``gt_label``, see :func:`add_labels`.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it holds no predictions.
    """
    text = os.fspath(path)
    if text.endswith(".npz"):
        return list(load_record(text).samples())
    if os.path.isdir(text):
        return list(load_record(latest_record(Path(text))).samples())
    content = plain_data.load(text) if text.endswith(".json") else pickled.load(text)
    records = _of_old_version(content) if isinstance(content, Mapping) else content
    if not isinstance(records, list) or not records or not all(isinstance(item, Mapping) for item in records):
        raise DataError(
            "this file holds no predictions",
            where=text,
            hint="Make one: mmpretrain test CONFIG CKPT --out result.pkl",
        )
    found = [{str(key): _as_tensor(str(key), value) for key, value in record.items()} for record in records]
    for samples in samples_by_task(found).values() or [found]:
        _check_alike(samples)
    return found


def _check_alike(samples: Sequence[Mapping[str, Any]]) -> None:
    """Raise unless all samples have the same fields of the same size, and labels are class indices."""
    for name in _TENSORS:
        values = [sample.get(name) for sample in samples]
        shapes = [tuple(value.shape) if isinstance(value, Tensor) else None for value in values]
        free = name.endswith("_label")  # any number of labels
        for index, (value, shape) in enumerate(zip(values, shapes)):
            if (shape is None) != (shapes[0] is None) or (shape != shapes[0] and not free):
                raise DataError(
                    f"predictions differ: {name} of sample 0 {_described(shapes[0])}, "
                    f"that of sample {index} {_described(shape)}"
                )
            if value is not None and value.ndim != 1:
                raise DataError(f"{name} of sample {index} {_described(shape)}, and must have one axis")
            if free and value is not None and value.is_floating_point():
                raise DataError(f"{name} of sample {index} is no class index, but {value.tolist()[:5]}")


def _described(shape: tuple[int, ...] | None) -> str:
    return "is missing" if shape is None else f"has shape {shape}"


def _of_old_version(content: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Turn the columns of a file of 0.x into records."""
    columns = {"pred_score": content.get(_OLD_SCORES), "pred_label": content.get(_OLD_LABELS)}
    known = {name: values for name, values in columns.items() if _is_column(values)}
    if not known or len({len(values) for values in known.values()}) != 1:
        return None
    return [dict(zip(known, row), sample_idx=index) for index, row in enumerate(zip(*known.values()))]


def _is_column(values: object) -> TypeGuard[list[Any] | np.ndarray]:
    return isinstance(values, list) or (isinstance(values, np.ndarray) and values.ndim > 0)


def _as_tensor(name: str, value: Any) -> Any:
    if isinstance(value, Mapping) and (name not in _TENSORS or "eval_mask" in value):  # one of several tasks
        return {str(key): _as_tensor(str(key), inner) for key, inner in value.items()}
    if name not in _TENSORS or isinstance(value, Tensor):
        return value
    try:
        tensor = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{name} is no array of numbers ({error})") from error
    if tensor.is_complex():
        raise DataError(f"{name} is no array of numbers (they are complex)")
    return tensor.reshape(-1) if name.endswith(("label", "value")) else tensor


def add_labels(records: Sequence[dict[str, Any]], dataset: Any) -> None:
    """Give predictions without ``gt_label`` the labels of the data set that was tested.

    Raises:
        DataError: If the data set has another number of samples.
    """
    if all("gt_label" in record or "gt_value" in record for record in records):
        return
    if all(any(fields_by_task(record)) for record in records):  # each task has labels where there are some
        return
    if len(records) != len(dataset):
        raise DataError(f"there are {len(records)} predictions for a data set of {len(dataset)} samples")
    for index, record in enumerate(records):
        info = dataset.get_data_info(index)
        record["gt_label"] = torch.as_tensor(info["gt_label"]).reshape(-1)
        if "img_path" in info:
            record.setdefault("img_path", info["img_path"])


def verdicts(records: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """Compare the best class of each sample with the truth; of several right classes, one is enough.

    Raises:
        DataError: If a sample has no scores or no label.
    """
    found = []
    for index, record in enumerate(records):
        scores, actual = record.get("pred_score"), record.get("gt_label")
        if not isinstance(scores, Tensor) or scores.ndim != 1 or not len(scores):
            hint = (
                "mmpretrain report shows the largest errors of regression."
                if "pred_value" in record
                else None
            )
            raise DataError(f"prediction {index} has no scores of classes (pred_score)", hint=hint)
        if not isinstance(actual, Tensor):
            raise DataError(f"prediction {index} has no label (gt_label)")
        best, truth = int(scores.argmax()), tuple(actual.reshape(-1).tolist())
        found.append(Verdict(index, float(scores[best]), (best,), truth, best in truth))
    return found


def select(
    found: Sequence[Verdict], *, right: bool, count: int, order: Literal["highest", "lowest"] = "highest"
) -> list[Verdict]:
    """Return right or wrong predictions, those with the highest or the lowest scores first."""
    chosen = [verdict for verdict in found if verdict.right is right]
    sign = -1 if order == "highest" else 1
    return sorted(chosen, key=lambda verdict: (sign * verdict.score, verdict.index))[:count]
