"""Metrics of scores and labels, of one label per sample or several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.functional.calibration import (
    brier_score,
    check_bins,
    classwise_calibration_error,
    expected_calibration_error,
    negative_log_likelihood,
)
from mmpretrain.evaluation.functional.curves import (
    CurveAverage,
    auroc,
    check_curve_average,
    precision_recall_area,
)
from mmpretrain.evaluation.functional.inputs import check_classes
from mmpretrain.evaluation.functional.thresholds import Criterion, check_criterion, select_thresholds
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, by_batch, fields_of, pick
from mmpretrain.evaluation.metrics.columns import Columns
from mmpretrain.registry import METRICS
from mmpretrain.structures import label_to_onehot


class ScoredMetric(BaseMetric):
    """Keeps the scores and the labels of each sample."""

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the scores (C,), and the label (1,), the labels or the targets (C,) of each sample."""
        if not by_batch(self):
            scores, truth = pick(data_samples, "pred_score"), truth_of(data_samples)
            self.results += [{**score, **right} for score, right in zip(scores, truth)]
        elif data_samples:
            batch = torch.stack(fields_of(data_samples, "pred_score")["pred_score"])
            self.results.append(Columns(pred_score=batch, **truth_columns(data_samples, batch.shape[1])))


def scores_and_targets(results: list[dict[str, Tensor]] | Columns) -> tuple[Tensor, Tensor]:
    """Return all scores (N, C); and all labels (N,), or, if samples have several, all targets (N, C)."""
    if not isinstance(results, Columns):
        scores = torch.stack([result["pred_score"] for result in results])
        return scores, targets_of(results, scores.shape[1])
    scores, labels, single = results["pred_score"], results["gt_label"], results["single"]
    if single.all():
        return scores, labels
    check_classes("label", labels[single], scores.shape[1])
    targets = results["gt_score"].clone()
    targets[single] = F.one_hot(labels[single], scores.shape[1]).to(targets.dtype)
    return scores, targets


def truth_columns(samples: Sequence[Mapping[str, Any]], num_classes: int) -> dict[str, Tensor]:
    """Return the same as :func:`truth_of` for a whole batch.

    Returns:
        ``single`` (N,), whether a sample has one label; that label, ``gt_label`` (N,); and the targets of
        the others, ``gt_score`` (N, C), int8.

    Raises:
        DataError: As :func:`truth_of`, or if a sample has another number of targets than of scores.
    """
    labels, targets = ([sample.get(key) for sample in samples] for key in ("gt_label", "gt_score"))
    if all(isinstance(label, Tensor) for label in labels) and not any(map(_is_there, targets)):
        return _truth_of_labels(labels, num_classes)
    truth = truth_of(samples)
    single = torch.tensor(["gt_label" in right and right["gt_label"].numel() == 1 for right in truth])
    found = torch.full((len(truth),), -1)
    targets = torch.zeros(len(truth), num_classes, dtype=torch.int8)
    for row, right in enumerate(truth):
        if single[row]:
            found[row] = right["gt_label"].item()
        elif "gt_label" in right:
            targets[row] = label_to_onehot(right["gt_label"], num_classes)
        elif len(right["gt_score"]) == num_classes:
            targets[row] = right["gt_score"]
        else:
            raise DataError(
                f"There are {num_classes} scores of a sample, and {len(right['gt_score'])} targets",
                where=samples[row].get("img_path"),
            )
    return {"single": single, "gt_label": found, "gt_score": targets}


def _is_there(value: Any) -> bool:
    return value is not None


def _truth_of_labels(labels: list[Any], num_classes: int) -> dict[str, Tensor]:
    """The result of :func:`truth_columns` for samples that have labels only."""
    counts = torch.tensor([label.numel() for label in labels])
    single, flat = counts == 1, torch.cat([label.reshape(-1) for label in labels]).cpu()
    if single.all():
        nothing = torch.zeros(1, 1, dtype=torch.int8).expand(len(labels), num_classes)
        return {"single": single, "gt_label": flat, "gt_score": nothing}
    check_classes("label", flat, num_classes)
    rows = torch.arange(len(labels)).repeat_interleave(counts)
    found = torch.full((len(labels),), -1).scatter(0, rows, flat)
    targets = torch.zeros(len(labels), num_classes, dtype=torch.int8)
    targets[rows, flat] = 1
    return {"single": single, "gt_label": found, "gt_score": targets}


def truth_of(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Tensor]]:
    """Return what is right for each sample: ``gt_label``, or ``gt_score`` with a target for each class.

    Models that mix images give samples of one label its one-hot vector, too: such a sample has one label.
    So has one whose ``gt_score`` is soft, if it has a label.

    Raises:
        DataError: If a sample has no label, or only a soft one.
    """
    keys = [{key for key in ("gt_label", "gt_score") if sample.get(key) is not None} for sample in samples]
    if any(found != keys[0] for found in keys):  # a batch of several kinds
        return [truth for sample in samples for truth in truth_of([sample])]
    if not samples or keys[0] != {"gt_label", "gt_score"}:
        rows = pick(samples, ("gt_score", "gt_label"))
    else:
        rows = pick(samples, "gt_score", "gt_label")
    return [_one_truth(row, sample) for row, sample in zip(rows, samples)]


def _one_truth(row: dict[str, Any], sample: Mapping[str, Any]) -> dict[str, Tensor]:
    label, target = (torch.as_tensor(row[key]) if key in row else None for key in ("gt_label", "gt_score"))
    if target is None:
        assert label is not None  # pick() found one of them
        return {"gt_label": label.flatten()}
    hard = bool(torch.isin(target, target.new_tensor([-1, 0, 1])).all())
    if label is not None and (not hard or (label.numel() == 1 and _is_one_hot(target, int(label)))):
        return {"gt_label": label.flatten()}
    if not hard:
        raise DataError(
            "A target must be 1 for the classes of a sample, 0 for others, and -1 where it does not count",
            where=sample.get("img_path"),
            hint="To evaluate soft targets, give the samples a gt_label, too.",
        )
    return {"gt_score": target}


def _is_one_hot(target: Tensor, label: int) -> bool:
    return 0 <= label < len(target) and bool(target[label] == 1) and int(target.count_nonzero()) == 1


def targets_of(samples: Sequence[Mapping[str, Any]], num_classes: int) -> Tensor:
    """Return the labels (N,) of samples; targets (N, C) if some have several, or one for each class."""
    truth = truth_of(samples)
    if all("gt_label" in right and right["gt_label"].numel() == 1 for right in truth):
        return torch.cat([right["gt_label"] for right in truth])
    return torch.stack(
        [
            right["gt_score"] if "gt_score" in right else label_to_onehot(right["gt_label"], num_classes)
            for right in truth
        ]
    )


def check_chosen(items: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the names of values as a tuple; raise if one is unknown."""
    chosen = (items,) if isinstance(items, str) else tuple(items)
    if unknown := [item for item in chosen if item not in known]:
        raise ConfigError(f"items must be among {', '.join(known)}, got {unknown[0]!r}", key="items")
    return chosen


class CurveMetric(ScoredMetric):
    """An area under a curve, averaged in one way or several.

    Args:
        average: ``'macro'`` averages over classes, ``'micro'`` takes all scores for those of one class, None
            reports a list, ``classwise``; or several of these.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    #: The area for predictions that are given directly.
    calculate: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        average: CurveAverage | Sequence[CurveAverage] = "macro",
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.average = check_curve_average(average)

    def compute_metrics(self, results: list[dict[str, Tensor]] | Columns) -> dict[str, float | list[float]]:
        """Return the areas by the way in which they are averaged."""
        scores, targets = scores_and_targets(results)
        return {
            average or "classwise": self.calculate(scores, targets, average).tolist()
            for average in self.average
        }


@METRICS.register_module()
class AUROC(CurveMetric):
    """Area under the ROC curve, in percent; see :func:`mmpretrain.evaluation.functional.auroc`.

    Args:
        average: See :class:`CurveMetric`.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.

    Example:
        >>> AUROC.calculate([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        tensor(75., dtype=torch.float64)
    """

    default_prefix = "auroc"
    calculate = staticmethod(auroc)


@METRICS.register_module()
class AUPRC(CurveMetric):
    """Area under the precision-recall curve, in percent, as scikit-learn's average precision.

    See :func:`mmpretrain.evaluation.functional.precision_recall_area`.

    Args:
        average: See :class:`CurveMetric`.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "auprc"
    calculate = staticmethod(precision_recall_area)


@METRICS.register_module()
class CalibrationMetric(ScoredMetric):
    """How far scores are probabilities: calibration errors (0 to 1), Brier score and log loss.

    Args:
        items: Which values to report: ``'ece'``, ``'classwise_ece'`` (its mean over classes), ``'brier'``,
            ``'nll'``.
        num_bins: Number of bins of the calibration errors.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "calibration"
    ITEMS = ("ece", "classwise_ece", "brier", "nll")

    def __init__(
        self,
        items: Sequence[str] = ITEMS,
        num_bins: int = 15,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.items = check_chosen(items, self.ITEMS)
        self.num_bins = check_bins(num_bins)

    def compute_metrics(self, results: list[dict[str, Tensor]] | Columns) -> dict[str, float]:
        """Return the items asked for."""
        data = scores_and_targets(results)
        values = {
            "ece": lambda: expected_calibration_error(*data, self.num_bins),
            "classwise_ece": lambda: classwise_calibration_error(*data, self.num_bins).nanmean(),
            "brier": lambda: brier_score(*data),
            "nll": lambda: negative_log_likelihood(*data),
        }
        return {item: values[item]().item() for item in self.items}


@METRICS.register_module()
class ThresholdSelection(ScoredMetric):
    """Chooses the threshold of each class, for multi-label predictions.

    Use it on a validation set. The thresholds are the list ``thresholds/classwise``; see
    :func:`mmpretrain.evaluation.functional.select_thresholds`.

    Args:
        criterion: ``'f1'`` takes the best F1 score; ``'recall'`` and ``'precision'`` reach ``at_least``.
        at_least: Percentage that recall or precision must reach.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "thresholds"

    def __init__(
        self,
        criterion: Criterion = "f1",
        at_least: float | None = None,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_criterion(criterion, at_least)
        self.criterion: Criterion = criterion
        self.at_least = at_least

    def compute_metrics(self, results: list[dict[str, Tensor]] | Columns) -> dict[str, list[float]]:
        """Return the thresholds, one per class."""
        chosen = self.calculate(*scores_and_targets(results), self.criterion, self.at_least)
        return {"classwise": chosen.tolist()}

    #: For predictions that are given directly.
    calculate = staticmethod(select_thresholds)
