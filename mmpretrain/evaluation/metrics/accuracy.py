"""Top-k accuracy over a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional import accuracy, accuracy_of_best, as_topk, limit_topk, to_tensor
from mmpretrain.evaluation.functional.inputs import ArrayLike
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, by_batch, fields_of, pick
from mmpretrain.evaluation.metrics.columns import Columns, joined
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
        wanted = ("pred_score", "pred_label"), "gt_label"
        if not by_batch(self):
            self.results += pick(data_samples, *wanted)
        elif fields := fields_of(data_samples, *wanted):
            target = torch.cat(fields["gt_label"])
            if "pred_score" not in fields:
                self.results.append(Columns(pred_label=torch.cat(fields["pred_label"]), gt_label=target))
                return
            scores = torch.stack(fields["pred_score"]).float()
            best = scores.topk(min(max(self.topk), scores.size(1)), dim=1)
            self.results.append(Columns(pred_score=best.values, pred_label=best.indices, gt_label=target))

    def compute_metrics(self, results: list[dict[str, Tensor]] | Columns) -> dict[str, float]:
        """Return ``top{k}`` for each k, and for each threshold if there are several."""
        columns = results if isinstance(results, Columns) else joined(results)
        target = columns["gt_label"]
        if "pred_score" not in columns:
            return {"top1": self.calculate(columns["pred_label"], target, self.topk, self.thrs).item()}
        scores = columns["pred_score"]
        # Where there are fewer best scores than asked for, there are no more classes.
        self.topk = limit_topk(self.topk, scores.size(1))
        if "pred_label" in columns:
            return self._named(accuracy_of_best(scores, columns["pred_label"], target, self.topk, self.thrs))
        return self._named(self.calculate(scores, target, self.topk, self.thrs))

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
