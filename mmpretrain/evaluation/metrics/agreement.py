"""Metrics of the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from torch import Tensor

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional import agreement
from mmpretrain.evaluation.functional.confusion import confusion_matrix
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, by_batch, fields_of
from mmpretrain.evaluation.metrics.columns import Columns
from mmpretrain.evaluation.metrics.scored import check_chosen
from mmpretrain.registry import METRICS

#: What is kept: for each sample the predicted class, the right one, and the number of classes.
Kept: TypeAlias = "Columns | list[tuple[int, int, int]]"


class MatrixMetric(BaseMetric):
    """Values of the confusion matrix.

    Args:
        num_classes: Number of classes, for predictions without scores; the data set or the samples may tell,
            too.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    def __init__(
        self, num_classes: int | None = None, collect_device: Device = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.num_classes = num_classes

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the predicted class, the right one, and the number of classes of each sample."""
        fields = fields_of(data_samples, ("pred_score", "pred_label"), "gt_label")
        for label in fields.get("gt_label", ()):
            if label.numel() != 1:
                raise ConfigError(
                    f"{type(self).__name__} needs one label per sample, got {label.tolist()}",
                    hint="Use MultiLabelMetric, AUROC or AUPRC for several labels.",
                )
        if "pred_score" in fields:
            scores = torch.stack(fields["pred_score"])
            predicted, classes = scores.argmax(dim=1), scores.size(1)
        elif fields:
            predicted, classes = torch.cat(fields["pred_label"]), self._num_classes(data_samples[0])
        else:
            return
        right = torch.cat([label.reshape(1) for label in fields["gt_label"]])
        columns = Columns(predicted=predicted, right=right, classes=torch.full((len(right),), classes))
        self.results += [columns] if by_batch(self) else _rows(columns)

    def _num_classes(self, sample: Mapping[str, Any]) -> int:
        classes = self.num_classes or len((self.dataset_meta or {}).get("classes") or ())
        classes = classes or sample.get("num_classes") or 0
        if not classes:
            raise ConfigError(
                f"{type(self).__name__} needs num_classes, as predictions have no scores", key="num_classes"
            )
        return classes

    def columns(self, results: Kept) -> tuple[Tensor, Tensor, Tensor]:
        """The predicted classes, the right ones, and numbers of classes, each (N,)."""
        if isinstance(results, Columns):
            return results["predicted"], results["right"], results["classes"]
        return torch.tensor(results).T.unbind()  # type: ignore[return-value]

    def confusion(self, results: Kept) -> Tensor:
        """Return the confusion matrix (C, C)."""
        predicted, right, classes = self.columns(results)
        return confusion_matrix(predicted, right, int(classes.max()))


def _rows(columns: Columns) -> list[tuple[int, int, int]]:
    """The same as one tuple a sample, for metrics of users, which may look at single results."""
    return list(zip(*(columns[name].tolist() for name in ("predicted", "right", "classes"))))  # type: ignore[arg-type]


class _OneAgainstRest(MatrixMetric):
    #: Name of the function of :mod:`mmpretrain.evaluation.functional.agreement`.
    share: ClassVar[str]

    def __init__(
        self,
        average: Literal["macro"] | None = "macro",
        positive: int | str | None = None,
        num_classes: int | None = None,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(num_classes, collect_device, prefix)
        if average not in ("macro", None):
            raise ConfigError(f"average must be 'macro' or None, got {average!r}", key="average")
        self.average = average
        self.positive = positive

    def compute_metrics(self, results: Kept) -> dict[str, float | list[float]]:
        """Return the share of one class, of each class, or their mean."""
        shares = getattr(agreement, self.share)(self.confusion(results))
        if self.positive is not None:
            return {str(self.positive): shares[self._index(len(shares))].item()}
        if self.average is None:
            return {"classwise": shares.tolist()}
        return {"macro": shares.nanmean().item()}

    def _index(self, num_classes: int) -> int:
        classes = list((self.dataset_meta or {}).get("classes") or ())
        if isinstance(self.positive, str) and self.positive in classes:
            return classes.index(self.positive)
        if isinstance(self.positive, int) and 0 <= self.positive < num_classes:
            return self.positive
        known = ", ".join(classes[:10]) or f"0 to {num_classes - 1}"
        raise ConfigError(
            f"positive must be one of the classes ({known}), got {self.positive!r}", key="positive"
        )


@METRICS.register_module()
class Sensitivity(_OneAgainstRest):
    """Share of the samples of a class that are found (recall), in percent.

    Args:
        average: ``'macro'`` averages over the classes that have samples, None reports a list, ``classwise``.
        positive: Report this class only, a name or an index, under its name.
        num_classes: See :class:`MatrixMetric`.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "sensitivity"
    share = "sensitivity"


@METRICS.register_module()
class Specificity(_OneAgainstRest):
    """Share of the samples of other classes that are not taken for a class, in percent.

    Args:
        average: See :class:`Sensitivity`.
        positive: See :class:`Sensitivity`.
        num_classes: See :class:`MatrixMetric`.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "specificity"
    share = "specificity"


@METRICS.register_module()
class AgreementMetric(MatrixMetric):
    """Balanced accuracy in percent, and agreement beyond chance.

    Args:
        items: Which values to report: ``'balanced_accuracy'``, ``'mcc'`` (Matthews correlation coefficient),
            ``'kappa'`` (Cohen's).
        weights: How much a wrong class counts for ``'kappa'``: see
            :func:`mmpretrain.evaluation.functional.cohen_kappa`.
        num_classes: See :class:`MatrixMetric`.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "agreement"
    ITEMS = ("balanced_accuracy", "mcc", "kappa")

    def __init__(
        self,
        items: Sequence[str] = ITEMS,
        weights: agreement.Weights = None,
        num_classes: int | None = None,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(num_classes, collect_device, prefix)
        self.items = check_chosen(items, self.ITEMS)
        self.weights: agreement.Weights = agreement.check_weights(weights)

    def compute_metrics(self, results: Kept) -> dict[str, float]:
        """Return the items asked for."""
        counts = self.confusion(results)
        values = {
            "balanced_accuracy": agreement.balanced_accuracy(counts),
            "mcc": agreement.matthews_correlation(counts),
            "kappa": agreement.cohen_kappa(counts, self.weights),
        }
        return {item: values[item].item() for item in self.items}


@METRICS.register_module()
class OrdinalMetric(MatrixMetric):
    """For classes that have an order: how many classes off, and the agreement weighted by that.

    Args:
        items: Which values to report: ``'mae'`` (mean distance of the predicted from the right class, in
            classes), ``'kappa'`` (quadratic weighted).
        num_classes: See :class:`MatrixMetric`.
        collect_device: See :class:`BaseMetric`.
        prefix: See :class:`BaseMetric`.
    """

    default_prefix = "ordinal"
    ITEMS = ("mae", "kappa")

    def __init__(
        self,
        items: Sequence[str] = ITEMS,
        num_classes: int | None = None,
        collect_device: Device = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(num_classes, collect_device, prefix)
        self.items = check_chosen(items, self.ITEMS)

    def compute_metrics(self, results: Kept) -> dict[str, float]:
        """Return the items asked for."""
        predicted, right, _ = self.columns(results)
        values = {
            "mae": (predicted - right).abs().double().mean(),
            "kappa": agreement.cohen_kappa(self.confusion(results), "quadratic"),
        }
        return {item: values[item].item() for item in self.items}
