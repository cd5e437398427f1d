"""Multi-label metrics for data sets with difficult objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmpretrain.evaluation.metrics.multi_label import AveragePrecision, MultiLabelBase, MultiLabelMetric
from mmpretrain.registry import METRICS
from mmpretrain.structures import format_label


class VOCMixin(MultiLabelBase):
    """Handles classes of which a sample has only difficult objects (``gt_label_difficult``).

    Args:
        difficult_as_positive: Whether the sample has such a class. None: it does not count for the class.
        *args: See the metric.
        **kwargs: See the metric.
    """

    extra_fields = ("gt_label", "gt_label_difficult")

    def __init__(self, *args: Any, difficult_as_positive: bool | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.difficult_as_positive = difficult_as_positive

    def target(self, sample: Mapping[str, Any]) -> Tensor:
        """Return 1 for the classes of a sample, 0 for others, and -1 for those that do not count."""
        target = super().target(sample)
        difficult = set(format_label(sample["gt_label_difficult"]).tolist())
        only_difficult = sorted(difficult - set(sample["gt_label"].tolist()))
        if self.difficult_as_positive is not False:
            target[only_difficult] = -1 if self.difficult_as_positive is None else 1
        return target


@METRICS.register_module()
class VOCMultiLabelMetric(VOCMixin, MultiLabelMetric):
    """:class:`MultiLabelMetric` for the VOC data set, with the argument of :class:`VOCMixin`."""


@METRICS.register_module()
class VOCAveragePrecision(VOCMixin, AveragePrecision):
    """:class:`AveragePrecision` for the VOC data set, with the argument of :class:`VOCMixin`."""
