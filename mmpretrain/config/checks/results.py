"""Names of results: what evaluators compute, and what hooks wait for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.config.checks.problem import Problem, problem
from mmpretrain.utils.suggest import did_you_mean

_SINGLE_LABEL = {"Accuracy", "SingleLabelMetric", "ConfusionMatrix"}
_MULTI_LABEL_DATASETS = {"MultiLabelDataset", "VOC"}


def check_results(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that hooks ask for results that the evaluators of the config compute."""
    metrics = _metrics(cfg.get("val_evaluator"))
    names = result_names(metrics)
    for path, asked in _asked_for(cfg):
        if not metrics:
            yield problem(cfg, path, f"{path} needs results of a validation, but there is no val_evaluator")
        elif names is not None and asked not in names and asked != "auto":
            hint = did_you_mean(asked, names) or f"val_evaluator computes: {', '.join(sorted(names))}."
            yield problem(cfg, path, f"No evaluator computes {asked!r}", hint)
    yield from _check_labels(cfg)


def _asked_for(cfg: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key paths and names of results that hooks wait for."""
    hooks: list[tuple[str, Any]] = []
    default, custom = cfg.get("default_hooks"), cfg.get("custom_hooks")
    if isinstance(default, Mapping):
        hooks += [(f"default_hooks.{key}", hook) for key, hook in default.items()]
    if isinstance(custom, (list, tuple)):
        hooks += [(f"custom_hooks.{index}", hook) for index, hook in enumerate(custom)]
    for path, hook in hooks:
        if not isinstance(hook, Mapping):
            continue
        best = hook.get("save_best") if hook.get("type", "CheckpointHook") == "CheckpointHook" else None
        for name in _listed(best or ()):
            if isinstance(name, str):
                yield f"{path}.save_best", name
        if hook.get("type") == "EarlyStoppingHook" and isinstance(hook.get("monitor"), str):
            yield f"{path}.monitor", hook["monitor"]


def _metrics(evaluator: Any) -> list[Mapping[str, Any]]:
    if isinstance(evaluator, Mapping) and "metrics" in evaluator:
        evaluator = evaluator["metrics"]
    items = _listed(evaluator) if evaluator else []
    return [item for item in items if isinstance(item, Mapping)]


def result_names(metrics: list[Mapping[str, Any]]) -> set[str] | None:
    """Return the names of all results of these metrics; None if one of them is unknown here."""
    names: set[str] = set()
    for metric in metrics:
        rule = _RULES.get(str(metric.get("type")).rpartition(".")[2])
        if rule is None:
            return None
        try:
            prefix, results = rule(metric)
        except (TypeError, ValueError):  # an argument of a wrong type, which is reported by itself
            return None
        prefix = metric.get("prefix") or prefix
        names.update(f"{prefix}/{result}" for result in results)
    return names


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _accuracy(metric: Mapping[str, Any]) -> tuple[str, list[str]]:
    topk, thresholds = _listed(metric.get("topk", (1,))), metric.get("thrs", 0.0)
    if not isinstance(thresholds, (list, tuple)):
        return "accuracy", [f"top{k}" for k in topk]
    endings = ["no-thr" if thr is None else f"thr-{thr:.2f}" for thr in thresholds]
    return "accuracy", [f"top{k}_{ending}" for k in topk for ending in endings]


def _items(metric: Mapping[str, Any], endings: list[str]) -> list[str]:
    """Return the names of precision, recall, ...; thresholds come before the kind of average."""
    average = metric.get("average", "macro")
    last = {"macro": "", None: "_classwise"}.get(average, f"_{average}")
    items = metric.get("items", ("precision", "recall", "f1-score"))
    return [f"{item}{ending}{last}" for item in items for ending in endings]


def _single_label(metric: Mapping[str, Any]) -> tuple[str, list[str]]:
    thresholds = metric.get("thrs", 0.0)
    if not isinstance(thresholds, (list, tuple)):
        return "single-label", _items(metric, [""])
    endings = ["_no-thr" if thr is None else f"_thr-{thr:.2f}" for thr in thresholds]
    return "single-label", _items(metric, endings)


def _multi_label(metric: Mapping[str, Any]) -> tuple[str, list[str]]:
    threshold, topk = metric.get("thr"), metric.get("topk")
    if threshold is None and topk is not None:
        return "multi-label", _items(metric, [f"_top{topk}"])
    return "multi-label", _items(metric, ["" if threshold in (None, 0.5) else f"_thr-{threshold:.2f}"])


def _average_precision(metric: Mapping[str, Any]) -> tuple[str, list[str]]:
    return "multi-label", ["AP_classwise" if metric.get("average", "macro") is None else "mAP"]


def _recall(metric: Mapping[str, Any]) -> tuple[str, list[str]]:
    return "retrieval", [f"Recall@{k}" for k in _listed(metric.get("topk"))]


_RULES = {
    "Accuracy": _accuracy,
    "SingleLabelMetric": _single_label,
    "MultiLabelMetric": _multi_label,
    "VOCMultiLabelMetric": _multi_label,
    "AveragePrecision": _average_precision,
    "VOCAveragePrecision": _average_precision,
    "RetrievalRecall": _recall,
}


def _check_labels(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that metrics for one label per image are not used where images have several."""
    for split in ("val", "test"):
        loader = cfg.get(f"{split}_dataloader")
        dataset = loader.get("dataset") if isinstance(loader, Mapping) else None
        while isinstance(dataset, Mapping) and isinstance(dataset.get("dataset"), Mapping):
            dataset = dataset["dataset"]
        kind = dataset.get("type") if isinstance(dataset, Mapping) else None
        several = isinstance(kind, str) and kind in _MULTI_LABEL_DATASETS
        for metric in _metrics(cfg.get(f"{split}_evaluator")) if several else ():
            if isinstance(metric.get("type"), str) and metric["type"] in _SINGLE_LABEL:
                yield problem(
                    cfg,
                    f"{split}_evaluator",
                    f"{metric['type']} is for one label per image, but {kind} has several",
                    "Use MultiLabelMetric or AveragePrecision.",
                )
