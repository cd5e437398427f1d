"""Schedulers whose reference curves are in ``data``; no mmpretrain here."""

from __future__ import annotations

SGD = {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}
ADAM = {"type": "AdamW", "lr": 0.1, "betas": (0.9, 0.95), "weight_decay": 0.05}

EPOCHS = 6
EPOCH_LENGTH = 7

_CURVES: dict[str, list[dict]] = {
    "Constant": [{"factor": 0.2, "begin": 1, "end": 4}, {"factor": 0.5, "by_epoch": False, "end": 9}],
    "CosineAnnealing": [
        {"T_max": 4, "eta_min": 0.01},
        {"eta_min_ratio": 0.3, "begin": 1},
        {"T_max": 3, "convert_to_iter_based": True, "end": 6},
    ],
    "CosineRestart": [
        {"periods": [2, 3], "restart_weights": [1.0, 0.5], "eta_min": 0.02},
        {
            "periods": [1, 2, 2],
            "restart_weights": [1, 1, 0.3],
            "eta_min_ratio": 0.1,
            "convert_to_iter_based": True,
        },
    ],
    "Exponential": [{"gamma": 0.7}, {"gamma": 0.98, "by_epoch": False, "begin": 5, "end": 30}],
    "Linear": [
        {"start_factor": 0.2, "end": 4},
        {"start_factor": 0.9, "end_factor": 0.1, "convert_to_iter_based": True},
    ],
    "MultiStep": [
        {"milestones": [2, 2, 4], "gamma": 0.5},
        {"milestones": [1, 3], "convert_to_iter_based": True},
    ],
    "Poly": [
        {"eta_min": 0.01, "power": 0.9},
        {"power": 2.0, "begin": 2, "end": 5, "convert_to_iter_based": True},
    ],
    "Step": [{"step_size": 2, "gamma": 0.3}, {"step_size": 1, "begin": 2, "convert_to_iter_based": True}],
}

#: Name -> optimizer and param_scheduler of a config.
CASES: dict[str, tuple[dict, list[dict]]] = {}
for _stem, _variants in _CURVES.items():
    for _index, _arguments in enumerate(_variants):
        for _family, _optimizer in (("LR", SGD), ("Momentum", SGD), ("Momentum", ADAM)):
            CASES[f"{_stem}{_family}-{_index}-{_optimizer['type']}"] = (
                _optimizer,
                [{"type": f"{_stem}{_family}", **_arguments}],
            )
for _index, _arguments in enumerate(
    [
        {"eta_max": 0.4},
        {"eta_max": 0.4, "three_phase": True, "pct_start": 0.4, "by_epoch": False},
        {"eta_max": 0.4, "anneal_strategy": "linear", "div_factor": 10.0, "convert_to_iter_based": True},
        {
            "eta_max": 0.4,
            "total_steps": 5,
            "end": 5,
            "final_div_factor": 100.0,
            "convert_to_iter_based": True,
        },
    ]
):
    CASES[f"OneCycleLR-{_index}"] = (SGD, [{"type": "OneCycleLR", **_arguments}])
CASES["CosineAnnealingWeightDecay"] = (
    ADAM,
    [
        {
            "type": "CosineAnnealingWeightDecay",
            "eta_min": 0.2,
            "T_max": 6,
            "end": 6,
            "convert_to_iter_based": True,
        }
    ],
)
CASES["param_scheduler"] = (SGD, [{"type": "LinearParamScheduler", "param_name": "weight_decay", "end": 4}])
CASES["chained"] = (
    SGD,
    [
        {"type": "LinearLR", "start_factor": 0.01, "end": 2, "convert_to_iter_based": True},
        {"type": "CosineAnnealingLR", "begin": 2, "T_max": 4},
        {"type": "MultiStepLR", "milestones": [3], "gamma": 0.5},
        {"type": "LinearMomentum", "start_factor": 0.5, "by_epoch": False, "end": 20},
        {"type": "ConstantLR", "factor": 0.1, "begin": 5},
    ],
)
#: Further items of optim_wrapper: several parameter groups.
EXTRA = {"chained": {"paramwise_cfg": {"bias_lr_mult": 2.0, "bias_decay_mult": 0.0}}}
EXTRA["CosineAnnealingWeightDecay"] = EXTRA["chained"]

METRICS = [0.1, 0.3, 0.31, 0.3, 0.32, 0.3, 0.3, 0.3, 0.3, 0.9, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
_ACC = {"monitor": "acc", "patience": 1}
PLATEAU: dict[str, tuple[dict, dict]] = {
    "greater": (SGD, {"type": "ReduceOnPlateauLR", "rule": "greater", "cooldown": 2, "factor": 0.3, **_ACC}),
    "less": (SGD, {"type": "ReduceOnPlateauLR", "rule": "less", "min_value": 0.03, "factor": 0.5, **_ACC}),
    "absolute": (
        SGD,
        {"type": "ReduceOnPlateauLR", "rule": "greater", "threshold_rule": "abs", "threshold": 0.05, **_ACC},
    ),
    "relative": (
        SGD,
        {"type": "ReduceOnPlateauLR", "rule": "greater", "threshold": 0.1, "begin": 3, "end": 12, **_ACC},
    ),
    "momentum": (SGD, {"type": "ReduceOnPlateauMomentum", "rule": "less", "threshold_rule": "abs", **_ACC}),
    "eps": (SGD, {"type": "ReduceOnPlateauLR", "rule": "greater", "eps": 0.05, **_ACC}),
}
