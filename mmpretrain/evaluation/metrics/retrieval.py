"""Metrics of image retrieval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from mmpretrain.evaluation.functional.ranking import (
    check_mode,
    check_topk,
    retrieval_average_precision,
    retrieval_recall,
)
from mmpretrain.evaluation.metrics.base import Device, pick
from mmpretrain.evaluation.metrics.multi_label import MultiLabelBase
from mmpretrain.registry import METRICS


class RetrievalBase(MultiLabelBase):
    """Computes values for each query at once, as the similarities of a query to all items are many."""

    default_prefix = "retrieval"

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the values of each query."""
        for result in pick(data_samples, "pred_score", ("gt_score", "gt_label")):
            self.results.append(self.query_value(result["pred_score"][None], self.target(result)[None]))

    def query_value(self, pred: Tensor, target: Tensor) -> Any:
        """Return what to keep of one query; both arguments are (1, M)."""
        raise NotImplementedError(f"{type(self).__name__} must implement query_value()")


@METRICS.register_module()
class RetrievalRecall(RetrievalBase):
    """Share of queries with a right item among the first k, in percent.

    Args:
        topk: One k or several.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    def __init__(
        self, topk: int | Sequence[int], collect_device: Device = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        check_topk(self.topk)

    def query_value(self, pred: Tensor, target: Tensor) -> list[Tensor]:
        """Return 100 or 0 for each k."""
        return self.calculate(pred, target, self.topk)

    def compute_metrics(self, results: list[list[Tensor]]) -> dict[str, float]:
        """Return ``Recall@{k}`` for each k."""
        means = torch.tensor(results, dtype=torch.float64).mean(0).tolist()
        return {f"Recall@{k}": mean for k, mean in zip(self.topk, means)}

    #: For predictions that are given directly.
    calculate = staticmethod(retrieval_recall)


@METRICS.register_module()
class RetrievalAveragePrecision(RetrievalBase):
    """Average precision of the first k items, in percent, averaged over the queries.

    Args:
        topk: How many items to look at.
        mode: See :func:`mmpretrain.evaluation.functional.retrieval_average_precision`.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    def __init__(
        self,
        topk: int | None = None,
        mode: Literal["IR", "integrate"] = "IR",
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_topk([topk])
        check_mode(mode)
        self.topk = topk
        self.mode: Literal["IR", "integrate"] = mode

    def query_value(self, pred: Tensor, target: Tensor) -> float:
        """Return the average precision."""
        return self.calculate(pred, target, self.topk, mode=self.mode)

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        """Return ``mAP@{k}``."""
        return {f"mAP@{self.topk}": sum(results) / len(results)}

    #: For predictions that are given directly.
    calculate = staticmethod(retrieval_average_precision)
