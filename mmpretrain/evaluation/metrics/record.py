"""Keeping the record of an evaluation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.evaluation.metrics.base import BaseMetric, Device, to_cpu
from mmpretrain.evaluation.record import Record, has_scores, record_of
from mmpretrain.registry import METRICS

logger = logging.getLogger(__name__)


@METRICS.register_module()
class RecordPredictions(BaseMetric):
    """Keeps the scores and the truth of all samples; see :class:`mmpretrain.evaluation.record.Record`.

    Without values of its own. Samples without scores of classes (retrieval, several tasks) leave no record.

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
        self.record: Record | None = None

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep scores, truth and path of each sample."""
        wanted = ("pred_score", "gt_score", "gt_label", "img_path")
        self.results += to_cpu([{key: s[key] for key in wanted if key in s} for s in data_samples])

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Make the record, and save it; there are no values."""
        self.record = None
        if results and all(map(has_scores, results)):
            self.record = record_of(results, tuple((self.dataset_meta or {}).get("classes") or ()))
            if self.out_dir is not None:
                self.record.save(self.out_dir)
                logger.info("The record of %d predictions is in %s", len(self.record), self.out_dir)
        return {}
