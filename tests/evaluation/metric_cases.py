"""Metrics with their configs, and a data set to evaluate.

Run in the reference environment (mmpretrain 1.2, mmengine 0.10.7), this file prints
``data/metrics.json``: ``python tests/evaluation/metric_cases.py > tests/evaluation/data/metrics.json``.
"""

from __future__ import annotations

import json

import numpy as np
import torch

SIZE, CLASSES = 40, 5

#: name -> kind of samples, config
CASES = {
    "accuracy": ("score", {"type": "Accuracy", "topk": (1, 2)}),
    "accuracy_thrs": ("score", {"type": "Accuracy", "topk": 2, "thrs": (0.0, 0.8, None)}),
    "accuracy_label": ("label", {"type": "Accuracy"}),
    "single": ("score", {"type": "SingleLabelMetric"}),
    "single_all": (
        "score",
        {
            "type": "SingleLabelMetric",
            "thrs": (0.0, 0.8, None),
            "items": ["support", "recall", "f1-score", "precision"],
            "average": "micro",
        },
    ),
    "single_classwise": (
        "score",
        {
            "type": "SingleLabelMetric",
            "average": None,
            "items": ["recall", "support"],
        },
    ),
    "single_label": ("label", {"type": "SingleLabelMetric", "num_classes": CLASSES}),
    "single_label_micro": (
        "label",
        {"type": "SingleLabelMetric", "num_classes": CLASSES, "average": "micro"},
    ),
    "multi": ("many", {"type": "MultiLabelMetric"}),
    "multi_thr": ("many", {"type": "MultiLabelMetric", "thr": 0.3, "average": "micro"}),
    "multi_topk": (
        "many",
        {"type": "MultiLabelMetric", "topk": 2, "average": None, "items": ("recall", "support")},
    ),
    "multi_labels": ("many_labels", {"type": "MultiLabelMetric"}),
    "map": ("many", {"type": "AveragePrecision"}),
    "ap": ("many_labels", {"type": "AveragePrecision", "average": None}),
    "voc": ("voc", {"type": "VOCMultiLabelMetric", "average": "micro"}),
    "voc_positive": ("voc", {"type": "VOCMultiLabelMetric", "difficult_as_positive": True}),
    "voc_negative": ("voc", {"type": "VOCMultiLabelMetric", "difficult_as_positive": False}),
    "voc_map": ("voc", {"type": "VOCAveragePrecision"}),
    "voc_ap": ("voc", {"type": "VOCAveragePrecision", "average": None, "difficult_as_positive": True}),
    "confusion": ("score", {"type": "ConfusionMatrix"}),
    "confusion_label": ("label", {"type": "ConfusionMatrix", "num_classes": CLASSES, "prefix": "mine"}),
    "recall": ("many", {"type": "RetrievalRecall", "topk": (1, 3)}),
    "recall_labels": ("many_labels", {"type": "RetrievalRecall", "topk": 2}),
    "retrieval_map": ("many", {"type": "RetrievalAveragePrecision", "topk": 3}),
    "retrieval_map_integrate": (
        "many_labels",
        {"type": "RetrievalAveragePrecision", "topk": 5, "mode": "integrate"},
    ),
    "tasks": (
        "tasks",
        {
            "type": "MultiTasksMetric",
            "task_metrics": {
                "a": [{"type": "Accuracy"}, {"type": "SingleLabelMetric"}],
                "b": [{"type": "Accuracy", "topk": (1, 2)}],
                "empty": [{"type": "Accuracy"}],
            },
        },
    ),
}


def samples(kind: str) -> list[dict]:
    """The fields of a data set of one kind."""
    r = np.random.RandomState(7)
    score = torch.tensor(r.rand(SIZE, CLASSES), dtype=torch.float32)
    label = torch.tensor(r.randint(0, CLASSES, SIZE))
    many = torch.tensor(r.rand(SIZE, CLASSES) > 0.6).long()
    many[torch.arange(SIZE), label] = 1
    difficult = [sorted(r.choice(CLASSES, 2, replace=False).tolist()) for _ in range(SIZE)]
    out = []
    for i in range(SIZE):
        if kind == "score":
            sample = {"pred_score": score[i], "gt_label": label[i : i + 1]}
        elif kind == "label":
            sample = {"pred_label": score[i].argmax(0, keepdim=True), "gt_label": label[i : i + 1]}
        elif kind == "many":
            sample = {"pred_score": score[i], "gt_label": label[i : i + 1], "gt_score": many[i]}
        elif kind == "many_labels":
            sample = {"pred_score": score[i], "gt_label": many[i].nonzero().flatten()}
        elif kind == "voc":
            sample = {"pred_score": score[i], "gt_label": many[i].nonzero().flatten()}
            sample["gt_label_difficult"] = difficult[i]
        else:
            one = {"pred_score": score[i], "gt_label": label[i : i + 1]}
            sample = {task: {**one, "eval_mask": i % 3 != k} for k, task in enumerate("ab")}
            sample["empty"] = {**one, "eval_mask": False}
        out.append(sample)
    return out


def evaluate(case: str) -> dict:
    """Evaluate in two batches."""
    from mmpretrain.registry import METRICS

    kind, cfg = CASES[case]
    metric = METRICS.build(cfg)
    data = samples(kind)
    metric.process(None, data[:25])
    metric.process(None, data[25:])
    values = metric.evaluate(SIZE)
    return {k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in values.items()}


if __name__ == "__main__":
    import mmpretrain.evaluation  # noqa: F401

    rows = (f"{json.dumps(case)}: {json.dumps(evaluate(case))}" for case in CASES)
    print("{\n" + ",\n".join(rows) + "\n}")
