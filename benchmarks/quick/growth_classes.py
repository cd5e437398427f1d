"""What evaluation costs as the number of classes grows: metrics, the record of a test, and its report."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quick.shared import timed

COUNTS = (10, 1_000, 21_841)
SAMPLES, BATCH = 2_000, 100


def setup(library: str, folder: Path, count: int) -> Callable[[], dict[str, float]]:
    """Evaluate predictions of ``count`` classes; the process is new each time, as memory is measured."""
    import torch

    if library == "mmpretrain-1":
        from mmengine.registry import METRICS  # type: ignore[import-not-found]

        import mmpretrain.evaluation  # noqa: F401  registers
    else:
        from mmpretrain.registry import METRICS
    from mmpretrain.structures import DataSample

    torch.manual_seed(0)
    labels = torch.randint(count, (SAMPLES,))

    def batches() -> Any:
        for start in range(0, SAMPLES, BATCH):
            scores = torch.rand(BATCH, count)
            yield [
                {
                    **DataSample()
                    .set_gt_label(label)
                    .set_pred_score(score)
                    .set_pred_label(score.argmax())
                    .to_dict()
                }
                for score, label in zip(scores, labels[start : start + BATCH])
            ]

    def evaluate(config: dict[str, Any]) -> float:
        metric = METRICS.build(config)
        metric.dataset_meta = {"classes": [str(number) for number in range(count)]}
        given = list(batches())
        return timed(lambda: _run(metric, given)) / SAMPLES

    def measure() -> dict[str, float]:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = {
            "Accuracy": evaluate({"type": "Accuracy", "topk": (1, 5)}),
            "SingleLabelMetric": evaluate({"type": "SingleLabelMetric"}),
        }
        found["peak (MiB)"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        return found

    return measure


def _run(metric: Any, given: list[Any]) -> None:
    for samples in given:
        metric.process({}, samples)
    metric.evaluate(SAMPLES)
