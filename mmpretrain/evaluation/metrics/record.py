"""Keeping the record of an evaluation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.errors import DataError
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, to_cpu
from mmpretrain.evaluation.metrics.scored import truth_of
from mmpretrain.evaluation.record import Record, has_scores, record_of
from mmpretrain.evaluation.value_record import ValueRecord, has_values, value_record_of
from mmpretrain.registry import METRICS

logger = logging.getLogger(__name__)


@METRICS.register_module()
class RecordPredictions(BaseMetric):
    """Keeps the scores, or the values, and the truth of all samples.

    See :class:`mmpretrain.evaluation.Record` and :class:`mmpretrain.evaluation.ValueRecord`. Samples of other
    kinds (retrieval, several tasks) leave no record.

    Args:
        out_dir: Folder to save the record in; by default it is only kept, as :attr:`record`.
        collect_device: See :class:`BaseMetric`.
        prefix: Has no effect, as there are no values.
    """

    def __init__(
        self, out_dir: str | None = None, collect_device: Device = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.out_dir = out_dir
        #: What was recorded last; on the first process only.
        self.record: Record | ValueRecord | None = None

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep scores, truth and path of each sample."""
        wanted = ("pred_score", "gt_score", "gt_label", "pred_value", "gt_value", "img_path")
        rows = to_cpu([{key: s[key] for key in wanted if key in s} for s in data_samples])
        self.results += [_without_onehot(row) if has_scores(row) else row for row in rows]

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Make the record, and save it; there are no values."""
        meta = self.dataset_meta or {}
        self.record = None
        try:
            if results and all(map(has_scores, results)):
                self.record = record_of(results, tuple(meta.get("classes") or ()))
            elif results and all(map(has_values, results)):
                self.record = value_record_of(results, tuple(meta.get("values") or ()))
        except DataError as error:  # the metrics may be fine with labels that a record does not take
            logger.warning("This evaluation leaves no record: %s", error)
        if self.record is not None and self.out_dir is not None:
            self.record.save(self.out_dir)
            logger.info("The record of %d predictions is in %s", len(self.record), self.out_dir)
        return {}


def _without_onehot(row: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in row.items() if key not in ("gt_label", "gt_score")}
    return {**kept, **truth_of([row])[0]}
