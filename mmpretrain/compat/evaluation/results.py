"""Predictions of a whole data set, and ``dataset.evaluate(results, ...)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmpretrain.compat.v0.runtime import RESULTS, metrics_of
from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.errors import ConfigError
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample
from mmpretrain.utils.dist import collect_results, get_world_size
from mmpretrain.utils.progress import track


def single_gpu_test(
    model: nn.Module, data_loader: Any, show: bool = False, out_dir: str | None = None, **kwargs: Any
) -> list[np.ndarray]:
    """Return the scores (C,) of each sample of a data loader.

    Args:
        model: The model, wrapped or not.
        data_loader: Its batches.
        show: Accepted for compatibility: pictures are drawn by VisualizationHook.
        out_dir: Accepted for compatibility.
        **kwargs: Accepted for compatibility.
    """
    bare: Any = getattr(model, "module", model)
    bare.eval()
    scores: list[np.ndarray] = []
    with torch.no_grad():
        for batch in track(data_loader, "Test"):
            if isinstance(batch, Mapping) and "inputs" in batch:
                scores.extend(sample.pred_score.cpu().numpy() for sample in bare.test_step(batch))
            else:
                scores.extend(np.asarray(item) for item in bare(return_loss=False, **batch))
    return scores


def multi_gpu_test(
    model: nn.Module, data_loader: Any, tmpdir: str | None = None, gpu_collect: bool = False
) -> list[np.ndarray] | None:
    """Return the scores (C,) of each sample, from all processes; None in all but the first.

    Args:
        model: The model, wrapped or not.
        data_loader: The batches of this process.
        tmpdir: Accepted for compatibility.
        gpu_collect: Accepted for compatibility.
    """
    scores = single_gpu_test(model, data_loader)
    if get_world_size() == 1:
        return scores
    return collect_results(scores, len(data_loader.dataset))


def evaluate(
    self: Any,
    results: Sequence[Any],
    metric: str | Sequence[str] = "accuracy",
    metric_options: Mapping[str, Any] | None = None,
    indices: Sequence[int] | None = None,
    logger: Any = None,
) -> dict[str, float]:
    """Evaluate the scores of a data set, as the method of this name did in 0.x.

    Args:
        self: The data set.
        results: Scores (C,) of each sample.
        metric: ``'accuracy'``, ``'precision'``, ``'recall'``, ``'f1_score'``, ``'support'``, ``'mAP'`` and
            others.
        metric_options: ``topk``, ``thrs``, ``average_mode``.
        indices: Positions of the samples, if the results are not those of all.
        logger: Accepted for compatibility.

    Returns:
        Values in percent, by the names of 0.x: ``'accuracy_top-1'``.
    """
    names = [metric] if isinstance(metric, str) else list(metric)
    for name in names:
        if name not in RESULTS:
            raise ConfigError(f"There is no metric {name!r}", hint=f"There are {', '.join(sorted(RESULTS))}.")
    scores = torch.as_tensor(np.stack([np.asarray(item) for item in results]))
    options = dict(metric_options or {"topk": tuple(k for k in (1, 5) if k <= scores.size(1))})
    if "accuracy" not in names and "topk" in options and metric_options is None:
        options.pop("topk")
    positions = range(len(self)) if indices is None else indices
    samples = [
        _labelled(self.get_data_info(index)["gt_label"], row).to_dict()
        for index, row in zip(positions, scores, strict=True)
    ]
    values: dict[str, float] = {}
    for item in metrics_of(names, {"type": type(self).__name__}, options):
        computed = METRICS.build(item)
        computed.process({}, samples)
        values.update(computed.evaluate(len(samples)))
    return {_old_name(name): value for name, value in values.items()}


def let_evaluate() -> None:
    """Give data sets the method ``evaluate`` of 0.x, which classes of users find with ``super()``."""
    if not hasattr(BaseDataset, "evaluate"):
        BaseDataset.evaluate = evaluate  # type: ignore[attr-defined]


def _labelled(label: Any, scores: Tensor) -> DataSample:
    sample = DataSample().set_pred_score(scores).set_pred_label(int(scores.argmax()))
    array = np.asarray(label)
    if array.ndim and array.size == len(scores):  # 0.x: one number per class
        return sample.set_gt_score(torch.as_tensor(array).float())
    return sample.set_gt_label(torch.as_tensor(array).reshape(-1).long())


def _old_name(name: str) -> str:
    group, _, bare = name.partition("/")
    if group == "accuracy":
        return bare.replace("top", "accuracy_top-", 1)
    return bare.replace("f1-score", "f1_score") or group
