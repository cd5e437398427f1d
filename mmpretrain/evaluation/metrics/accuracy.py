"""Top-k accuracy over a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional import accuracy, accuracy_of_best, as_topk, limit_topk, to_tensor
from mmpretrain.evaluation.functional.inputs import ArrayLike, check_same_length
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, pick
from mmpretrain.registry import METRICS
from mmpretrain.utils.brief import brief


def as_thresholds(thrs: float | Sequence[float | None] | None) -> tuple[float | None, ...]:
    """Return thresholds as a tuple, whether one was given or several.

    Raises:
        ConfigError: If there is none, or one that is neither a number nor None.
    """
    values = tuple(thrs) if isinstance(thrs, Iterable) else (thrs,)
    if not values or not all(thr is None or isinstance(thr, (int, float)) for thr in values):
        raise ConfigError(
            f"thrs takes a number, None, or several of them, got {brief(thrs)}",
            hint="None stands for no threshold.",
            key="thrs",
        )
    return values


def threshold_suffixes(thrs: Sequence[float | None]) -> list[str]:
    """What each threshold appends to the name of a value; nothing if there is only one."""
    if len(thrs) == 1:
        return [""]
    return ["_no-thr" if thr is None else f"_thr-{thr:.2f}" for thr in thrs]


@METRICS.register_module()
class Accuracy(BaseMetric):
    """Share of samples whose class is among the k best predictions, in percent.

    Values of k that exceed the number of classes are left out, with a warning before the first batch
    if the data set says how many classes there are.

    Args:
        topk: One k or several.
        thrs: One threshold or several; a prediction counts if its score is above. None: no threshold.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.

    Example:
        >>> from mmpretrain.evaluation import Evaluator
        >>> from mmpretrain.structures import DataSample
        >>> evaluator = Evaluator(Accuracy(topk=(1, 2)))
        >>> evaluator.process([DataSample().set_gt_label(1).set_pred_score([0.5, 0.4, 0.1])])
        >>> evaluator.evaluate(1)
        {'accuracy/top1': 0.0, 'accuracy/top2': 100.0}
    """

    default_prefix = "accuracy"

    def __init__(
        self,
        topk: int | Sequence[int] = (1,),
        thrs: float | Sequence[float | None] | None = 0.0,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.topk = as_topk(topk)
        self.thrs = as_thresholds(thrs)

    @BaseMetric.dataset_meta.setter
    def dataset_meta(self, dataset_meta: Mapping[str, Any] | None) -> None:
        self._dataset_meta = dataset_meta
        classes = (dataset_meta or {}).get("classes")
        if classes is not None:
            self.topk = limit_topk(self.topk, len(classes))

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the best predictions and the label of each sample; all scores of many classes are large."""
        results = pick(data_samples, ("pred_score", "pred_label"), "gt_label")
        # Subclasses that compute something else get all scores.
        kind = type(self)
        plain = (kind.calculate, kind.compute_metrics) == (Accuracy.calculate, Accuracy.compute_metrics)
        if plain and results and "pred_score" in results[0]:
            results = self._best_of(results)
        self.results += results

    def _best_of(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        scores = torch.stack([result["pred_score"] for result in results]).float()
        classes = scores.size(1)
        best = scores.topk(min(max(self.topk), classes), dim=1)
        return [
            {
                "best_scores": row,
                "best_labels": labels,
                "num_classes": classes,
                "gt_label": result["gt_label"],
            }
            for row, labels, result in zip(best.values.tolist(), best.indices.tolist(), results)
        ]

    def compute_metrics(self, results: list[dict[str, Tensor]]) -> dict[str, float]:
        """Return ``top{k}`` for each k, and for each threshold if there are several."""
        target = torch.cat([result["gt_label"] for result in results])
        if "best_scores" in results[0]:
            self.topk = limit_topk(self.topk, results[0]["num_classes"])
            scores = torch.tensor([result["best_scores"] for result in results])
            labels = torch.tensor([result["best_labels"] for result in results])
            check_same_length(scores, target)
            return self._named(accuracy_of_best(scores, labels, target, self.topk, self.thrs))
        if "pred_score" not in results[0]:
            pred = torch.cat([result["pred_label"] for result in results])
            return {"top1": self.calculate(pred, target, self.topk, self.thrs).item()}
        pred = torch.stack([result["pred_score"] for result in results])
        self.topk = limit_topk(self.topk, pred.size(1))
        return self._named(self.calculate(pred, target, self.topk, self.thrs))

    def _named(self, table: Any) -> dict[str, float]:
        return {
            f"top{k}{suffix}": value.item()
            for k, row in zip(self.topk, table)
            for suffix, value in zip(threshold_suffixes(self.thrs), row)
        }

    @staticmethod
    def calculate(
        pred: ArrayLike,
        target: ArrayLike,
        topk: Sequence[int] = (1,),
        thrs: Sequence[float | None] = (0.0,),
    ) -> Any:
        """Compute it for predictions that are given directly; subclasses may put another measure in its
        place.

        Returns:
            For scores (N, C), one list per k of one (1,) tensor per threshold; for labels (N,), one tensor.

        See :func:`mmpretrain.evaluation.functional.accuracy` for the arguments.
        """
        scores = to_tensor(pred)
        table = accuracy(scores, target, topk, thrs)
        return table.reshape(1) if scores.ndim == 1 else [list(row.split(1)) for row in table]
