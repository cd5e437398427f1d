"""Averaging scores over augmented versions of each image."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mmpretrain.models.tta.base import BaseTTAModel
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class AverageClsScoreTTA(BaseTTAModel):
    """Averages ``pred_score``, and ``pred_value`` of regression.

    ``pred_label`` follows the scores where each version has one label.
    """

    def merge_preds(self, data_samples_list: Sequence[Sequence[DataSample]]) -> list[DataSample]:
        """Return the first version of each sample with the mean of the scores, or of the values."""
        return [self._merge(versions) for versions in data_samples_list]

    def _merge(self, versions: Sequence[DataSample]) -> DataSample:
        if "pred_value" in versions[0]:
            values = torch.stack([sample.pred_value for sample in versions])
            return versions[0].new().set_pred_value(values.mean(0))
        score = torch.stack([sample.pred_score for sample in versions]).mean(0)
        merged = versions[0].new().set_pred_score(score)
        if all("pred_label" in sample and len(sample.pred_label) == 1 for sample in versions):
            merged.set_pred_label(score.argmax(0, keepdim=True))
        return merged
