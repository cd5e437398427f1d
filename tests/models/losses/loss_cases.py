"""Losses with their configs, and logits and labels for them.

Run in the reference environment (mmpretrain 1.2), this file prints ``data/losses.json``:
``python tests/models/losses/loss_cases.py > tests/models/losses/data/losses.json``.
"""

from __future__ import annotations

import json

import numpy as np
import torch

N, C = 6, 4
WEIGHTS = [0.5, 1.0, 2.0, 0.25]

CE = "CrossEntropyLoss"
SMOOTH = "LabelSmoothLoss"
PIXEL = "PixelReconstructionLoss"

#: name -> labels, config, arguments of forward
CASES = {
    "ce": ("index", {"type": CE}, {}),
    "ce_class_weight": ("index", {"type": CE, "class_weight": WEIGHTS, "loss_weight": 0.3}, {}),
    "ce_none": ("index", {"type": CE, "reduction": "none"}, {}),
    "ce_sum": ("index", {"type": CE, "reduction": "sum"}, {"weight": True}),
    "ce_weight": ("index", {"type": CE}, {"weight": True, "avg_factor": 3}),
    "ce_mixed": ("mixed", {"type": CE}, {"avg_factor": N}),
    "ce_mixed_class_weight": ("mixed", {"type": CE, "class_weight": WEIGHTS}, {"avg_factor": N}),
    "ce_soft": ("mixed", {"type": CE, "use_soft": True, "class_weight": WEIGHTS}, {"weight": True}),
    "ce_soft_integer": ("onehot", {"type": CE, "use_soft": True}, {}),
    "ce_sigmoid": ("many", {"type": CE, "use_sigmoid": True}, {"avg_factor": N}),
    "ce_sigmoid_weights": (
        "many",
        {"type": CE, "use_sigmoid": True, "class_weight": WEIGHTS, "pos_weight": WEIGHTS[::-1]},
        {"weight": True},
    ),
    "ce_sigmoid_override": ("many", {"type": CE, "use_sigmoid": True}, {"reduction_override": "sum"}),
    "smooth": ("index", {"type": SMOOTH, "label_smooth_val": 0.1}, {"avg_factor": N}),
    "smooth_mixed": ("mixed", {"type": SMOOTH, "label_smooth_val": 0.1, "num_classes": C}, {}),
    "smooth_weights": (
        "index",
        {"type": SMOOTH, "label_smooth_val": 0.2, "class_weight": WEIGHTS, "loss_weight": 2.0},
        {"weight": True},
    ),
    "smooth_sigmoid": ("index", {"type": SMOOTH, "label_smooth_val": 0.1, "use_sigmoid": True}, {}),
    "smooth_vision": (
        "index",
        {"type": SMOOTH, "label_smooth_val": 0.1, "mode": "classy_vision", "reduction": "sum"},
        {},
    ),
    "smooth_multi": (
        "many",
        {"type": SMOOTH, "label_smooth_val": 0.1, "mode": "multi_label", "pos_weight": WEIGHTS},
        {},
    ),
    "smooth_multi_softmax": (
        "many",
        {"type": SMOOTH, "label_smooth_val": 0.1, "mode": "multi_label", "use_sigmoid": False},
        {"reduction_override": "none"},
    ),
    "focal": ("many", {"type": "FocalLoss"}, {"avg_factor": N}),
    "focal_index": ("index", {"type": "FocalLoss", "gamma": 1.5, "alpha": 0.4, "loss_weight": 2.0}, {}),
    "focal_weight": ("many", {"type": "FocalLoss", "reduction": "none"}, {"weight": True}),
    "asymmetric": ("many", {"type": "AsymmetricLoss"}, {"avg_factor": N}),
    "asymmetric_index": ("index", {"type": "AsymmetricLoss", "gamma_pos": 1.0, "clip": None}, {}),
    "asymmetric_softmax": (
        "mixed",
        {"type": "AsymmetricLoss", "use_sigmoid": False, "gamma_neg": 2.0, "clip": 0.1, "reduction": "sum"},
        {"weight": True},
    ),
    "seesaw": ("index", {"type": "SeesawLoss", "num_classes": C}, {"avg_factor": N}),
    "seesaw_p": ("index", {"type": "SeesawLoss", "num_classes": C, "q": 0.0, "reduction": "none"}, {}),
    "seesaw_q": ("index", {"type": "SeesawLoss", "num_classes": C, "p": 0.0}, {"weight": True}),
    "cosine": ("features", {"type": "CosineSimilarityLoss", "shift_factor": 2.0, "scale_factor": 2.0}, {}),
    "cosine_mask": ("features", {"type": "CosineSimilarityLoss"}, {"mask": True}),
    "pixel_l1": ("features", {"type": PIXEL, "criterion": "L1"}, {}),
    "pixel_l2": (
        "patches",
        {"type": PIXEL, "criterion": "L2", "channel": 3},
        {"mask": True},
    ),
    "correlation": ("none", {"type": "CrossCorrelationLoss"}, {}),
    "cae": ("cae", {"type": "CAELoss", "lambd": 2.0}, {}),
}


def run(case: str) -> dict[str, list[float]]:
    """Values of two calls one after the other, and the gradient of the second."""
    from mmpretrain.registry import MODELS

    kind, cfg, options = CASES[case]
    r = np.random.RandomState(3)

    def random(*shape: int) -> torch.Tensor:
        return torch.tensor(r.randn(*shape), dtype=torch.float32)

    logits = (2 * random(N, C)).requires_grad_()
    index = torch.tensor([0, 1, 1, 3, 1, 0])
    mixed = random(N, C).softmax(1)
    options = dict(options)
    if "weight" in options:
        options["weight"] = torch.tensor([1.0, 0.0, 2.0, 0.5, 1.0, 1.0])
    if kind == "patches":
        logits = random(2, N, C).requires_grad_()
    if "mask" in options:
        options["mask"] = torch.tensor(r.rand(*logits.shape[:-1]) > 0.5).float()
    targets = {
        "index": lambda: (index,),
        "onehot": lambda: (torch.nn.functional.one_hot(index, C),),
        "mixed": lambda: (mixed,),
        "many": lambda: (torch.tensor(r.rand(N, C) > 0.5).float(),),
        "features": lambda: (random(N, C),),
        "patches": lambda: (random(2, N, C),),
        "cae": lambda: (index, logits * 0.5, random(N, C)),
        "none": lambda: (),
    }[kind]()
    loss = MODELS.build(cfg)
    pred = logits if kind != "none" else logits[:C] * 1.0
    first = loss(pred, *targets, **options)
    pred = logits if kind != "none" else logits[:C] * 1.0
    second = loss(pred, *targets, **options)
    values = [torch.stack(v) if isinstance(v, tuple) else v for v in (first, second)]
    values[1].sum().backward()
    flat = [round(x, 7) for v in values for x in v.flatten().tolist()]
    return {"loss": flat, "grad": [round(x, 7) for x in logits.grad.flatten().tolist()]}


if __name__ == "__main__":
    import mmpretrain.models  # noqa: F401

    rows = (f"{json.dumps(case)}: {json.dumps(run(case))}" for case in CASES)
    print("{\n" + ",\n".join(rows) + "\n}")
