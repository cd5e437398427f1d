"""Precision, recall and F1 score of single-label predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional.classwise import (
    Average,
    Scores,
    check_average,
    scores_of_best,
    single_label_scores,
)
from mmpretrain.evaluation.functional.inputs import ArrayLike, to_tensor
from mmpretrain.evaluation.metrics.accuracy import as_thresholds, threshold_suffixes
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, by_batch, fields_of, pick
from mmpretrain.evaluation.metrics.columns import Columns, joined
from mmpretrain.registry import METRICS

#: The values that can be asked for, in the order of :class:`Scores`.
ITEMS = ("precision", "recall", "f1-score", "support")


def check_items(items: Iterable[str]) -> tuple[str, ...]:
    """Return the names of values as a tuple; raise if one is unknown."""
    items = tuple(items)
    if unknown := [item for item in items if item not in ITEMS]:
        raise ConfigError(f"items must be among {', '.join(ITEMS)}, got {unknown[0]!r}", key="items")
    return items


def named_scores(
    scores: Scores, items: Sequence[str], average: Average, suffix: str = ""
) -> dict[str, float | list[float]]:
    """Return the values asked for under their names, lists for ``average=None``."""
    suffix += {None: "_classwise", "micro": "_micro", "macro": ""}[average]
    return {f"{item}{suffix}": value.tolist() for item, value in zip(ITEMS, scores) if item in items}


@METRICS.register_module()
class SingleLabelMetric(BaseMetric):
    """Precision, recall and F1 score, in percent, and support.

    With TP, FP and FN for samples of a class that are rightly found, wrongly found and missed: precision is
    TP / (TP + FP), recall is TP / (TP + FN), the F1 score is their harmonic mean, support is TP + FN.

    Args:
        thrs: One threshold or several; a prediction counts if its score is above. None: no threshold.
        items: Which values to report: ``'precision'``, ``'recall'``, ``'f1-score'``, ``'support'``.
        average: ``'macro'`` averages over classes, ``'micro'`` counts over all classes, None reports lists.
        num_classes: Number of classes, for predictions without scores.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.

    Example:
        >>> SingleLabelMetric.calculate([0, 1, 1, 3], [0, 2, 1, 3], num_classes=4).precision
        tensor(62.5000)
    """

    default_prefix = "single-label"

    def __init__(
        self,
        thrs: float | Sequence[float | None] | None = 0.0,
        items: Sequence[str] = ("precision", "recall", "f1-score"),
        average: Average = "macro",
        num_classes: int | None = None,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_average(average)
        self.thrs = as_thresholds(thrs)
        self.items = check_items(items)
        self.average: Average = average
        self.num_classes = num_classes

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the best prediction and the label of each sample; all scores of many classes are large."""
        wanted = ("pred_score", "pred_label"), "gt_label"
        if not by_batch(self):
            results = pick(data_samples, *wanted)
            for result, sample in zip(results, data_samples):
                result["num_classes"] = self.num_classes or sample.get("num_classes")
            self.results += results
        elif fields := fields_of(data_samples, *wanted):
            target = torch.cat(fields["gt_label"])
            if "pred_score" not in fields:
                classes = self.num_classes or data_samples[0].get("num_classes") or 0
                found = {"pred_label": torch.cat(fields["pred_label"])}
            else:
                scores = torch.stack(fields["pred_score"])
                best, classes = scores.topk(1, dim=1), scores.size(1)  # of equal ones, as Accuracy
                found = {"pred_score": best.values[:, 0], "pred_label": best.indices[:, 0]}
            counts = target.new_full(target.shape, classes)
            self.results.append(Columns(**found, gt_label=target, num_classes=counts))

    def compute_metrics(self, results: list[dict[str, Any]] | Columns) -> dict[str, float | list[float]]:
        """Return the items asked for, for each threshold if there are several."""
        if isinstance(results, Columns) and "pred_score" in results:
            score, label, target = (results[name] for name in ("pred_score", "pred_label", "gt_label"))
            classes = int(results["num_classes"][0])
            return self._named(scores_of_best(score, label, target, classes, self.thrs, self.average))
        columns = results if isinstance(results, Columns) else joined(results)
        target = columns["gt_label"]
        if "pred_score" not in columns:
            if isinstance(results, Columns):
                num_classes = int(results["num_classes"][0]) or None
            else:
                num_classes = results[0]["num_classes"]
            scores = self.calculate(
                columns["pred_label"], target, average=self.average, num_classes=num_classes
            )
            return named_scores(scores, self.items, self.average)
        return self._named(
            self.calculate(columns["pred_score"], target, thrs=self.thrs, average=self.average)
        )

    def _named(self, table: Sequence[Scores]) -> dict[str, float | list[float]]:
        values: dict[str, float | list[float]] = {}
        for scores, suffix in zip(table, threshold_suffixes(self.thrs)):
            values.update(named_scores(scores, self.items, self.average, suffix))
        return values

    @staticmethod
    def calculate(
        pred: ArrayLike,
        target: ArrayLike,
        thrs: Sequence[float | None] = (0.0,),
        average: Average = "macro",
        num_classes: int | None = None,
    ) -> Any:
        """Compute precision, recall, F1 score and support of predictions that are given directly.

        Returns:
            For scores (N, C), a list with one tuple per threshold; for labels (N,), one tuple.

        See :func:`mmpretrain.evaluation.functional.single_label_scores` for the arguments.
        """
        pred = to_tensor(pred)
        table = single_label_scores(pred, target, thrs, average, num_classes)
        return table[0] if pred.ndim == 1 else table
