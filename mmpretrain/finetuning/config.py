"""The config that fine-tunes a model, to be kept and changed like any other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mmpretrain.finetuning import defaults
from mmpretrain.finetuning.defaults import Choices
from mmpretrain.finetuning.facts import DataFacts
from mmpretrain.finetuning.model import Seen, input_channels
from mmpretrain.finetuning.start import Start

#: Task and whether classes are very unequal -> the metric by which the best checkpoint is chosen.
BEST = {
    ("single", False): "accuracy/top1",
    ("single", True): "single-label/f1-score",
    ("multi", False): "multi-label/mAP",
    ("multi", True): "multi-label/mAP",
    ("ordinal", False): "ordinal/kappa",
    ("ordinal", True): "ordinal/kappa",
    ("regression", False): "regression/mae",
    ("regression", True): "regression/mae",
}

#: How images are scaled: averaging over what is left out, so that fine textures do not turn into noise.
_SMOOTH = {"backend": "pillow", "interpolation": "bicubic"}


def finetuning_config(
    start: Start,
    seen: Seen,
    model: Mapping[str, Any],
    datasets: Mapping[str, Mapping[str, Any]],
    facts: DataFacts,
    choices: Choices,
    *,
    workers: int = 0,
    seed: int = 0,
    half: bool = False,
    processes: int = 1,
    validated: int = 1,
    load: Mapping[str, Any] | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return the whole config.

    Args:
        start: What it starts from.
        seen: What its network is like.
        model: Its config, with the head for the data.
        datasets: Config of each part, without a pipeline: ``train``, ``val`` and perhaps ``test``.
        facts: Facts of the images that are trained on.
        choices: The settings.
        workers: Number of data workers.
        seed: The seed of the run.
        half: Train in bfloat16, where the device can.
        processes: Number of processes that share a batch.
        validated: Number of validation images.
        load: Arguments of ``LoadImageFromFile``; those for pictures of 8 bits by default.
        seconds: How long it may train; None for as long as it takes.
    """
    size, batch = choices.image_size, choices.batch // processes
    drop = math.ceil(facts.images / processes) % batch == 1
    reader = {"type": "LoadImageFromFile", **(_as_picture(start) if load is None else load)}
    train = _loader(datasets["train"], [reader, *_augmented(choices)], batch, workers)
    val, test = (
        _loader({**dataset, "test_mode": True}, [reader, *_seen_whole(size)], batch * 2, workers)
        for dataset in (datasets["val"], datasets.get("test", datasets["val"]))
    )
    metrics = _metrics(facts)
    hooks: list[dict[str, Any]] = [{"type": "NormalizeTargetsHook"}] if facts.task == "regression" else []
    if seconds is not None:
        hooks.append({"type": "TimeBudgetHook", "seconds": seconds})
    best = BEST[facts.task, facts.imbalance >= defaults.IMBALANCED]
    return {
        "default_scope": "mmpretrain",
        "model": dict(model),
        "data_preprocessor": {
            **start.preprocessor,
            **({"num_classes": len(facts.counts)} if facts.counts else {}),
            **({"to_onehot": True} if facts.task == "multi" else {}),
        },
        **({"load_from": start.weights} if start.weights else {}),
        **({"channels_last": True} if seen.family == "cnn" else {}),
        "train_dataloader": {
            **train, "drop_last": drop, "sampler": {"type": "DefaultSampler", "shuffle": True},
        },
        "val_dataloader": val,
        "test_dataloader": test,
        "val_evaluator": metrics,
        "test_evaluator": metrics,
        "optim_wrapper": _optimizer(choices, seen, half),
        "param_scheduler": _schedule(choices, facts.images),
        "train_cfg": {"by_epoch": True, "max_epochs": choices.epochs, "val_interval": 1},
        "val_cfg": {},
        "test_cfg": {},
        "auto_scale_lr": {"base_batch_size": choices.batch},
        "default_hooks": {
            "timer": {"type": "IterTimerHook"},
            "logger": {"type": "LoggerHook", "interval": 50},
            "param_scheduler": {"type": "ParamSchedulerHook"},
            "checkpoint": {
                "type": "CheckpointHook", "interval": 1, "max_keep_ckpts": 1, "save_best": best,
                "rule": "less" if facts.task == "regression" else "greater",
                "best_margin": defaults.best_margin(facts.task, validated),
            },
            "sampler_seed": {"type": "DistSamplerSeedHook"},
        },
        **({"custom_hooks": hooks} if hooks else {}),
        "randomness": {"seed": seed},
    }  # fmt: skip


def _loader(
    dataset: Mapping[str, Any], pipeline: list[dict[str, Any]], batch: int, workers: int
) -> dict[str, Any]:
    # What cannot be read later on is named and left out, not a reason to stop.
    whole = {**dataset, "pipeline": pipeline, "on_error": "skip"}
    return {
        "batch_size": batch,
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "pin_memory": True,
        "collate_fn": {"type": "default_collate"},
        "dataset": whole,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
    }


def _as_picture(start: Start) -> dict[str, Any]:
    """Reading with 8 bits: grey for a model that takes one channel."""
    return {"color_type": "grayscale"} if input_channels(start) == 1 else {}


def _augmented(choices: Choices) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [
        {
            "type": "RandomResizedCrop",
            "scale": choices.image_size,
            "crop_ratio_range": choices.crop,
            **_SMOOTH,
        },
    ]
    if choices.flip:
        steps.append({"type": "RandomFlip", "prob": 0.5, "direction": "horizontal"})
    return [*steps, {"type": "PackInputs"}]


def _seen_whole(size: int) -> list[dict[str, Any]]:
    return [
        {"type": "ResizeEdge", "scale": size, "edge": "short", **_SMOOTH},
        {"type": "CenterCrop", "crop_size": size},
        {"type": "PackInputs"},
    ]


def _metrics(facts: DataFacts) -> list[dict[str, Any]]:
    if facts.task == "regression":
        return [{"type": "RegressionMetric"}]
    if facts.task == "ordinal":
        return [{"type": "Accuracy", "topk": (1,)}, {"type": "OrdinalMetric"}]
    if facts.task == "multi":
        return [{"type": "AveragePrecision"}, {"type": "MultiLabelMetric", "thr": 0.5}]
    topk = (1, 5) if len(facts.counts) > 10 else (1,)
    return [{"type": "Accuracy", "topk": topk}, {"type": "SingleLabelMetric"}]


def _optimizer(choices: Choices, seen: Seen, half: bool) -> dict[str, Any]:
    decays = seen.family == "transformer" and seen.layered and choices.freeze == -1
    groups: dict[str, Any] = {"norm_decay_mult": 0.0, "bias_decay_mult": 0.0, "flat_decay_mult": 0.0}
    if decays:
        groups = {"layer_decay_rate": defaults.LAYER_DECAY, **groups}
    return {
        **({"type": "AmpOptimWrapper", "dtype": "bfloat16"} if half else {"type": "OptimWrapper"}),
        "optimizer": {"type": "AdamW", "lr": choices.lr, "weight_decay": defaults.WEIGHT_DECAY},
        **({"constructor": "LearningRateDecayOptimWrapperConstructor"} if decays else {}),
        "paramwise_cfg": groups,
        "clip_grad": {"max_norm": 5.0},
    }


def _schedule(choices: Choices, images: int) -> list[dict[str, Any]]:
    iterations = choices.epochs * max(1, images // choices.batch)
    warm = max(1, round(defaults.WARM_UP * iterations))
    return [
        {"type": "LinearLR", "start_factor": 0.01, "by_epoch": False, "begin": 0, "end": warm},
        {
            "type": "CosineAnnealingLR", "T_max": choices.epochs, "eta_min_ratio": 0.01,
            "begin": 0, "end": choices.epochs, "convert_to_iter_based": True,
        },
    ]  # fmt: skip
