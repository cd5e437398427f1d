"""What the tests of evaluation share."""

from __future__ import annotations

import torch

from mmpretrain.evaluation import (
    BaseMetric,
)
from mmpretrain.structures import DataSample


class Count(BaseMetric):
    """Number of samples, and what came along."""

    default_prefix = "count"

    def process(self, data_batch, data_samples):
        self.results += [(data_batch, sample) for sample in data_samples]

    def compute_metrics(self, results):
        assert all(isinstance(sample, dict) for _, sample in results)
        return {"n": len(results), "batch": results[0][0]}


def scored(n: int) -> list[DataSample]:
    return [DataSample().set_gt_label(i % 3).set_pred_score(torch.eye(3)[i % 3]) for i in range(n)]
