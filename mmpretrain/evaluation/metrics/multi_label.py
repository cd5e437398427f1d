"""Metrics of multi-label predictions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor

from mmpretrain.evaluation.functional.classwise import Average, check_average, multi_label_scores
from mmpretrain.evaluation.functional.ranking import average_precision
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, by_batch, pick
from mmpretrain.evaluation.metrics.columns import Columns, joined
from mmpretrain.evaluation.metrics.single_label import check_items, named_scores
from mmpretrain.registry import METRICS
from mmpretrain.structures import label_to_onehot
from mmpretrain.structures.thresholds import Thresholds, check_thresholds

logger = logging.getLogger(__name__)


class MultiLabelBase(BaseMetric):
    """Keeps one score and one target per class of each sample."""

    default_prefix = "multi-label"

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the scores (C,) and the targets (C,) of each sample."""
        results = pick(data_samples, "pred_score", ("gt_score", "gt_label"), *self.extra_fields)
        pairs = [{"pred_score": row["pred_score"], "gt_score": self.target(row)} for row in results]
        if pairs and by_batch(self):
            self.results.append(Columns(**joined(pairs)))
        else:
            self.results += pairs

    #: Fields that :meth:`target` needs besides scores and labels.
    extra_fields: tuple[str, ...] = ()

    def target(self, sample: Mapping[str, Any]) -> Tensor:
        """Return 1 for the classes of a sample, 0 for others, and -1 for those that do not count."""
        if "gt_score" in sample:
            return sample["gt_score"].clone()
        return label_to_onehot(sample["gt_label"], len(sample["pred_score"]))


@METRICS.register_module()
class MultiLabelMetric(MultiLabelBase):
    """Precision, recall and F1 score, in percent, and support; see :class:`SingleLabelMetric`.

    Args:
        thr: A class is predicted if its score is at least this; 0.5 if ``topk`` is not given either. A list
            has one for each class; None in it stands for a class that is never predicted.
        topk: The k best classes are predicted, unless ``thr`` is given.
        items: Which values to report: ``'precision'``, ``'recall'``, ``'f1-score'``, ``'support'``.
        average: ``'macro'`` averages over classes, ``'micro'`` counts over all classes, None reports lists.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    def __init__(
        self,
        thr: Thresholds | None = None,
        topk: int | None = None,
        items: Sequence[str] = ("precision", "recall", "f1-score"),
        average: Average = "macro",
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_average(average)
        if thr is not None and topk is not None:
            logger.warning("MultiLabelMetric was given thr and topk: topk has no effect.")
        if thr is None:
            self.thr = 0.5 if topk is None else None
        else:
            self.thr = check_thresholds(thr)
        self.topk = topk
        self.items = check_items(items)
        self.average: Average = average

    def compute_metrics(self, results: list[dict[str, Tensor]] | Columns) -> dict[str, float | list[float]]:
        """Return the items asked for; the name tells the threshold, unless it is 0.5, or k, or that there is
        one for each class.
        """
        columns = results if isinstance(results, Columns) else joined(results)
        pred, target = columns["pred_score"], columns["gt_score"]
        scores = self.calculate(pred, target, average=self.average, thr=self.thr, topk=self.topk)
        if self.thr is None:
            suffix = f"_top{self.topk}"
        else:
            suffix = "_thr-per-class" if isinstance(self.thr, tuple) else f"_thr-{self.thr:.2f}"
        return named_scores(scores, self.items, self.average, "" if self.thr == 0.5 else suffix)

    #: For predictions that are given directly.
    calculate = staticmethod(multi_label_scores)


@METRICS.register_module()
class AveragePrecision(MultiLabelBase):
    """Average precision of each class, in percent: the mean precision at the ranks of its positive samples.

    Args:
        average: ``'macro'`` reports the mean over classes, ``mAP``; None reports a list, ``AP_classwise``.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    def __init__(
        self,
        average: Literal["macro"] | None = "macro",
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.average: Literal["macro"] | None = average

    def compute_metrics(self, results: list[dict[str, Tensor]] | Columns) -> dict[str, float | list[float]]:
        """Return ``mAP`` or ``AP_classwise``."""
        columns = results if isinstance(results, Columns) else joined(results)
        value = self.calculate(columns["pred_score"], columns["gt_score"], average=self.average)
        return {"AP_classwise" if self.average is None else "mAP": value.tolist()}

    #: For predictions that are given directly.
    calculate = staticmethod(average_precision)
