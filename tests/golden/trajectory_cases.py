"""What the loss trajectories of the reference environment were recorded on.

It imports torch only, so that the reference environment (mmpretrain 1.2, mmengine 0.10.7) can run it too.
"""

from __future__ import annotations

import math

import torch
from torch import nn


def make_data() -> list[dict]:
    """32 samples of two classes, from sines."""
    return [
        {
            "inputs": torch.tensor([math.sin(1.3 * i + 0.7 * j) for j in range(6)]),
            "data_samples": int(math.sin(1.3 * i) + 0.3 * math.sin(5.1 * i) > 0),
        }
        for i in range(32)
    ]


def layers() -> dict[str, nn.Module | nn.Parameter]:
    """Parts that paramwise settings and layer decay tell apart."""
    return {
        "stem": nn.Linear(6, 8),
        "bias": nn.Parameter(torch.zeros(8)),
        "norm": nn.LayerNorm(8),
        "head": nn.Linear(8, 2),
    }


def depth(name: str) -> tuple[int, int]:
    """Layer of a parameter, and the number of layers."""
    return {"stem": 0, "bias": 1, "norm": 2}.get(name.split(".")[0], 3), 4


def fill(model: nn.Module) -> None:
    """Weights that any environment can make."""
    for number, parameter in enumerate(model.parameters()):
        values = [0.5 * math.sin(0.9 * k + number) for k in range(parameter.numel())]
        parameter.data.copy_(torch.tensor(values).reshape(parameter.shape))


SGD = dict(type="SGD", lr=0.2)
ADAMW = dict(type="AdamW", lr=0.02, weight_decay=0.1)

CASES: dict[str, dict] = {
    "sgd": dict(optim_wrapper=dict(optimizer=SGD)),
    "momentum": dict(optim_wrapper=dict(optimizer=dict(SGD, momentum=0.9, weight_decay=1e-3))),
    "nesterov": dict(optim_wrapper=dict(optimizer=dict(SGD, momentum=0.9, nesterov=True))),
    "adamw": dict(optim_wrapper=dict(optimizer=ADAMW)),
    "lamb": dict(optim_wrapper=dict(optimizer=dict(type="Lamb", lr=0.02, weight_decay=0.05))),
    "clip norm": dict(optim_wrapper=dict(optimizer=SGD, clip_grad=dict(max_norm=0.1))),
    "clip value": dict(optim_wrapper=dict(optimizer=SGD, clip_grad=dict(type="value", clip_value=0.01))),
    "accumulation": dict(optim_wrapper=dict(optimizer=SGD, accumulative_counts=5)),
    "paramwise": dict(
        optim_wrapper=dict(
            optimizer=ADAMW,
            paramwise_cfg=dict(
                bias_lr_mult=2.0,
                bias_decay_mult=0.0,
                norm_decay_mult=0.0,
                flat_decay_mult=0.0,
                custom_keys={"head": dict(lr_mult=0.1, decay_mult=3.0)},
            ),
        )
    ),
    "layer decay": dict(
        optim_wrapper=dict(
            optimizer=ADAMW,
            constructor="LearningRateDecayOptimWrapperConstructor",
            paramwise_cfg=dict(layer_decay_rate=0.6, norm_decay_mult=0.0),
        )
    ),
    "several schedulers": dict(
        optim_wrapper=dict(optimizer=dict(SGD, momentum=0.9)),
        param_scheduler=[
            dict(type="LinearLR", start_factor=0.01, by_epoch=True, end=1, convert_to_iter_based=True),
            dict(type="CosineAnnealingLR", by_epoch=True, begin=1, end=3, T_max=2, eta_min=1e-3),
            dict(type="LinearMomentum", start_factor=0.5, by_epoch=False, end=8),
        ],
    ),
    "ema": dict(
        optim_wrapper=dict(optimizer=dict(SGD, momentum=0.9)),
        param_scheduler=dict(type="MultiStepLR", milestones=[1, 2], gamma=0.3),
        hooks=[dict(type="EMAHook", momentum=0.1)],
    ),
}
