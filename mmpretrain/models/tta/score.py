"""Averaging scores over augmented versions of each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mmpretrain.models.tta.base import BaseTTAModel
from mmpretrain.registry import MODELS
from mmpretrain.structures import MultiTaskDataSample
from mmpretrain.structures.thresholds import reaches


@MODELS.register_module()
class AverageClsScoreTTA(BaseTTAModel):
    """Averages ``pred_score``, and ``pred_value`` of regression; with several tasks, those of each.

    ``pred_label`` follows the scores where each version has one label, and where the head has thresholds.
    """

    def merge_preds(self, data_samples_list: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the first version of each sample with the mean of the scores, or of the values."""
        head = getattr(self.module, "head", None)
        return [_merge(versions, head) for versions in data_samples_list]


def _merge(versions: Sequence[Any], head: Any) -> Any:
    first = versions[0]
    if isinstance(first, MultiTaskDataSample):
        heads = dict(getattr(head, "task_heads", {}))
        merged = first.new()
        for task in first.tasks:
            of_task = [version.get(task) for version in versions]
            merged.set_field(_merge(of_task, heads.get(task)), task)
        return merged
    if "pred_value" in first:
        return first.new().set_pred_value(torch.stack([sample.pred_value for sample in versions]).mean(0))
    score = torch.stack([sample.pred_score for sample in versions]).mean(0)
    merged = first.new().set_pred_score(score)
    thr = getattr(head, "thr", None)
    if thr is not None:
        merged.set_pred_label(reaches(score, thr).nonzero().flatten())
    elif all("pred_label" in sample and len(sample.pred_label) == 1 for sample in versions):
        merged.set_pred_label(score.argmax(0, keepdim=True))
    return merged
