"""Keeping the record of an evaluation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmpretrain.errors import DataError
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, to_cpu
from mmpretrain.evaluation.metrics.scored import truth_of
from mmpretrain.evaluation.record import Record, has_scores, record_of
from mmpretrain.evaluation.tasks import fields_by_task, folders_of_tasks, samples_by_task
from mmpretrain.evaluation.value_record import ValueRecord, has_values, value_record_of
from mmpretrain.registry import METRICS

logger = logging.getLogger(__name__)


@METRICS.register_module()
class RecordPredictions(BaseMetric):
    """Keeps the scores, or the values, and the truth of all samples.

    See :class:`mmpretrain.evaluation.Record` and :class:`mmpretrain.evaluation.ValueRecord`. Samples of other
    kinds leave no record; those of several tasks leave one for each task.

    Args:
        out_dir: Folder to save records in; by default they are only kept, as :attr:`record` and
            :attr:`tasks`.
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
        #: The same of each task, by its name.
        self.tasks: dict[str, Record | ValueRecord] = {}

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep scores, truth and path of each sample."""
        self.results += to_cpu([_kept(sample) for sample in data_samples])

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Make the records, and save them; there are no values."""
        meta = self.dataset_meta or {}
        self.record = _record(results, tuple(meta.get("classes") or ()), tuple(meta.get("values") or ()))
        made = {task: _record(samples) for task, samples in samples_by_task(results).items()}
        self.tasks = {task: record for task, record in made.items() if record is not None}
        if self.out_dir is not None:
            for folder, record in self.by_folder(Path(self.out_dir)).items():
                record.save(folder)
                logger.info("The record of %d predictions is in %s", len(record), folder)
        return {}

    def by_folder(self, folder: Path) -> dict[Path, Record | ValueRecord]:
        """Return the folder that each record belongs in: the one of the test, or one per task below it."""
        own = {} if self.record is None else {folder: self.record}
        places = folders_of_tasks(folder, list(self.tasks))
        return {**own, **{places[task]: record for task, record in self.tasks.items()}}


def _kept(sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record needs of a sample, or of each task of it."""
    if tasks := dict(fields_by_task(sample)):
        return {task: {**_kept(fields), "eval_mask": fields["eval_mask"]} for task, fields in tasks.items()}
    wanted = ("pred_score", "gt_score", "gt_label", "pred_value", "gt_value", "img_path")
    row = {key: sample[key] for key in wanted if key in sample}
    if not ("pred_score" in row and {"gt_label", "gt_score"} <= row.keys()):
        return row
    without = {key: value for key, value in row.items() if key not in ("gt_label", "gt_score")}
    return {**without, **truth_of([sample])[0]}  # one-hot vectors take much memory


def _record(
    samples: Sequence[Mapping[str, Any]], classes: tuple[str, ...] = (), values: tuple[str, ...] = ()
) -> Record | ValueRecord | None:
    try:
        if samples and all(map(has_scores, samples)):
            return record_of(samples, classes)
        if samples and all(map(has_values, samples)):
            return value_record_of(samples, values)
    except DataError as error:  # the metrics may be fine with labels that a record does not take
        logger.warning("This evaluation leaves no record: %s", error)
    return None
