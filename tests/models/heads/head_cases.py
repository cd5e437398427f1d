"""Heads and necks with their configs, features and labels for them, and weights that depend on names only.

Run in the reference environment (mmpretrain 1.2), this file prints ``data/heads.json``:
``python tests/models/heads/head_cases.py > tests/models/heads/data/heads.json``.
"""

from __future__ import annotations

import json
import zlib

import numpy as np
import torch

B, C, DIM = 4, 5, 6

SMALL = {"num_classes": C, "in_channels": DIM}
SMOOTH = {"type": "LabelSmoothLoss", "label_smooth_val": 0.1}

#: name -> kind of features, kind of labels, config
HEADS = {
    "ClsHead": ("logits", "one", {"type": "ClsHead", "cal_acc": True, "topk": (1, 2)}),
    "LinearClsHead": ("flat", "one", {"type": "LinearClsHead", **SMALL, "cal_acc": True, "topk": (1, 3)}),
    "LinearClsHead_mixed": ("flat", "mixed", {"type": "LinearClsHead", **SMALL, "loss": SMOOTH}),
    "StackedLinearClsHead": (
        "flat",
        "one",
        {"type": "StackedLinearClsHead", **SMALL, "mid_channels": [7, 8], "norm_cfg": {"type": "BN1d"}},
    ),
    "StackedLinearClsHead_plain": (
        "flat",
        "one",
        {"type": "StackedLinearClsHead", **SMALL, "mid_channels": [7], "act_cfg": {"type": "HSwish"}},
    ),
    "VisionTransformerClsHead": ("flat", "one", {"type": "VisionTransformerClsHead", **SMALL}),
    "VisionTransformerClsHead_hidden": (
        "patches_cls",
        "mixed",
        {"type": "VisionTransformerClsHead", **SMALL, "hidden_dim": 8},
    ),
    "DeiTClsHead": ("cls_dist", "one", {"type": "DeiTClsHead", **SMALL}),
    "DeiTClsHead_hidden": ("patches_cls_dist", "one", {"type": "DeiTClsHead", **SMALL, "hidden_dim": 8}),
    "ConformerHead": (
        "conformer",
        "one",
        {"type": "ConformerHead", "num_classes": C, "in_channels": [DIM, 8], "cal_acc": True},
    ),
    "EfficientFormerClsHead": ("flat", None, {"type": "EfficientFormerClsHead", **SMALL}),
    "EfficientFormerClsHead_plain": (
        "flat",
        "one",
        {"type": "EfficientFormerClsHead", **SMALL, "distillation": False},
    ),
    "LeViTClsHead": ("flat", None, {"type": "LeViTClsHead", **SMALL}),
    "LeViTClsHead_plain": ("flat", "one", {"type": "LeViTClsHead", **SMALL, "distillation": False}),
    "VigClsHead": ("flat", "one", {"type": "VigClsHead", **SMALL, "hidden_dim": 8}),
    "MultiLabelClsHead": ("logits", "many", {"type": "MultiLabelClsHead"}),
    "MultiLabelClsHead_topk": ("logits", "scores", {"type": "MultiLabelClsHead", "topk": 2}),
    "MultiLabelLinearClsHead": ("flat", "many", {"type": "MultiLabelLinearClsHead", **SMALL, "thr": 0.4}),
    "CSRAClsHead": ("map", "many", {"type": "CSRAClsHead", **SMALL, "num_heads": 2, "lam": 0.3}),
    "CSRAClsHead_4": ("map", "many", {"type": "CSRAClsHead", **SMALL, "num_heads": 4, "lam": 0.1}),
    "ArcFaceClsHead": ("flat", "one", {"type": "ArcFaceClsHead", **SMALL}),
    "ArcFaceClsHead_easy": (
        "flat",
        "mixed_and_one",
        {
            "type": "ArcFaceClsHead", **SMALL, "num_subcenters": 3, "easy_margin": True, "scale": 10.0,
            "margins": [0.1, 0.2, 0.3, 0.4, 2.5],
        },
    ),
    "ArcFaceClsHead_wide": ("flat", "one", {"type": "ArcFaceClsHead", **SMALL, "margins": 2.9, "scale": 8.0}),
    "MultiTaskHead": (
        "flat",
        "tasks",
        {
            "type": "MultiTaskHead",
            "in_channels": DIM,
            "task_heads": {
                "a": {"type": "LinearClsHead", "num_classes": C},
                "b": {
                    "type": "MultiTaskHead",
                    "task_heads": {"c": {"type": "LinearClsHead", "num_classes": 3}},
                },
                "never": {"type": "LinearClsHead", "num_classes": 2},
            },
        },
    ),
}  # fmt: skip

#: name -> kind of features, config
NECKS = {
    "GlobalAveragePooling": ("map", {"type": "GlobalAveragePooling"}),
    "GlobalAveragePooling_1": ("sequence", {"type": "GlobalAveragePooling", "dim": 1}),
    "GlobalAveragePooling_3": ("volume", {"type": "GlobalAveragePooling", "dim": 3}),
    "GeneralizedMeanPooling": ("map", {"type": "GeneralizedMeanPooling", "p": 2.5}),
    "GeneralizedMeanPooling_fixed": (
        "positive_map",
        {"type": "GeneralizedMeanPooling", "p_trainable": False, "clamp": False},
    ),
    "LinearNeck": ("flat", {"type": "LinearNeck", "in_channels": DIM, "out_channels": 4}),
    "LinearNeck_map": (
        "map",
        {
            "type": "LinearNeck", "in_channels": DIM, "out_channels": 4, "gap_dim": 2,
            "norm_cfg": None, "act_cfg": {"type": "ReLU"},
        },
    ),
    "HRFuseScales": ("scales", {"type": "HRFuseScales", "in_channels": (2, 4, 8, 16), "out_channels": 12}),
}  # fmt: skip


def features(kind: str) -> tuple:
    """Features of two stages."""
    r = np.random.RandomState(11)

    def random(*shape: int) -> torch.Tensor:
        return torch.tensor(r.randn(B, *shape), dtype=torch.float32).requires_grad_()

    makers = {
        "logits": lambda: random(C),
        "flat": lambda: random(DIM),
        "map": lambda: random(DIM, 3, 2),
        "positive_map": lambda: random(DIM, 3, 2).detach().abs().requires_grad_(),
        "sequence": lambda: random(DIM, 5),
        "volume": lambda: random(DIM, 3, 2, 2),
        "patches_cls": lambda: [random(DIM, 2, 2), random(DIM)],
        "cls_dist": lambda: [random(DIM), random(DIM)],
        "patches_cls_dist": lambda: [random(DIM, 2, 2), random(DIM), random(DIM)],
        "conformer": lambda: [random(DIM), random(8)],
    }
    if kind == "scales":
        return tuple(random(2 * 2**i, 16 // 2**i, 16 // 2**i) for i in range(4))
    return makers[kind](), makers[kind]()


def labels(kind: str) -> list:
    """Data samples of one batch."""
    from mmpretrain.structures import DataSample, MultiTaskDataSample

    r = np.random.RandomState(12)
    mixed = r.dirichlet(np.ones(C), B).astype(np.float32)
    out = []
    for i in range(B):
        sample = DataSample()
        if kind in ("one", "mixed_and_one"):
            sample.set_gt_label(i % C)
        if kind in ("mixed", "mixed_and_one", "scores"):
            sample.set_gt_score(mixed[i])
        if kind == "many":
            sample.set_gt_label([i % C, (i + 2) % C])
        if kind == "tasks":
            sample = MultiTaskDataSample()
            if i != 1:
                sample.set_field(DataSample().set_gt_label(i % C), "a")
            if i > 1:
                inner = MultiTaskDataSample()
                inner.set_field(DataSample().set_gt_label(i % 3), "c")
                sample.set_field(inner, "b")
        out.append(sample)
    return out


def fill(module: torch.nn.Module) -> torch.nn.Module:
    """Set each parameter and buffer to numbers that depend on its name and shape."""
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            continue
        r = np.random.RandomState(zlib.crc32(name.encode()) % 2**31)
        values = torch.tensor(r.randn(*tensor.shape), dtype=torch.float32) * 0.5
        if name.endswith(("running_var", ".p")) or name == "p":
            values = values.abs() + 1
        tensor.copy_(values)
    return module


def leaves(data) -> list[torch.Tensor]:
    """All tensors of a nested structure."""
    if isinstance(data, torch.Tensor):
        return [data]
    values = data.values() if isinstance(data, dict) else data
    return [leaf for item in values for leaf in leaves(item)]


def numbers(tensors: list[torch.Tensor]) -> list[float]:
    return [float(f"{x:.6g}") for t in tensors for x in t.detach().double().flatten().tolist()]


def digest(tensors: list[torch.Tensor]) -> list[float]:
    """First numbers and absolute sum of each."""
    return [x for t in tensors for x in [*numbers([t.flatten()[:4]]), *numbers([t.abs().sum()])]]


def predictions(samples: list) -> list:
    out = []
    for sample in samples:
        if "pred_score" in sample:
            out += [*numbers([sample.pred_score]), *sample.pred_label.tolist()]
        else:
            out += [task for name in sorted(sample.keys()) for task in predictions([sample.get(name)])]
    return out


def run_head(case: str) -> dict:
    from mmpretrain.registry import MODELS

    feature_kind, label_kind, cfg = HEADS[case]
    head = fill(MODELS.build(cfg))
    result = {"state": {k: list(v.shape) for k, v in head.state_dict().items()}}
    head.eval()
    feats = features(feature_kind)
    result["scores"] = numbers(leaves(head(feats)))
    given = labels(label_kind) if label_kind else None
    result["predictions"] = predictions(head.predict(feats, given))
    if label_kind:
        head.train()
        losses = head.loss(feats, labels(label_kind))
        sum(v for k, v in losses.items() if "loss" in k).backward()
        result["losses"] = {k: numbers(leaves([v]))[0] for k, v in losses.items()}
        result["gradients"] = digest([leaf.grad for leaf in leaves(feats[-1]) if leaf.grad is not None])
        weights = dict(head.named_parameters())
        result["weight_gradients"] = digest(
            [weights[k].grad for k in sorted(weights) if weights[k].grad is not None]
        )
    return result


def run_neck(case: str) -> dict:
    from mmpretrain.registry import MODELS

    kind, cfg = NECKS[case]
    neck = fill(MODELS.build(cfg))
    result = {"state": {k: list(v.shape) for k, v in neck.state_dict().items()}}
    feats = features(kind)
    out = neck(feats)
    result["out"] = digest(leaves(out))
    sum((leaf**2).sum() for leaf in leaves(out)).backward()
    result["gradients"] = digest([feat.grad for feat in feats if feat.grad is not None])
    result["trainable"] = sum(p.requires_grad for p in neck.parameters())
    return result


if __name__ == "__main__":
    import mmpretrain.models  # noqa: F401

    rows = [f"{json.dumps(case)}: {json.dumps(run_head(case))}" for case in HEADS]
    rows += [f"{json.dumps(case)}: {json.dumps(run_neck(case))}" for case in NECKS]
    print("{\n" + ",\n".join(rows) + "\n}")
