"""A config that uses every section and trains in a moment, and how it is written in each language."""

from __future__ import annotations

import json
from typing import Any

_TRAIN_STEPS = [
    dict(type="Resize", scale=32, interpolation="bilinear", backend="cv2"),
    dict(type="RandomCrop", crop_size=32, padding=2, padding_mode="constant", pad_val=0),
    dict(type="RandomFlip", prob=0.5, direction="horizontal"),
    dict(type="PackInputs"),
]
_TEST_STEPS = [dict(type="Resize", scale=32), dict(type="PackInputs")]


def _loader(split: str, steps: list[dict], shuffle: bool) -> dict[str, Any]:
    dataset = dict(type="Digits", split=split, indices=16, test_mode=not shuffle, pipeline=steps)
    return dict(
        batch_size=8,
        num_workers=0,
        drop_last=False,
        persistent_workers=False,
        pin_memory=False,
        dataset=dataset,
        sampler=dict(type="DefaultSampler", shuffle=shuffle, round_up=True),
        collate_fn=dict(type="default_collate"),
    )


def base_config() -> dict[str, Any]:
    """Return the config as plain values."""
    return dict(
        default_scope="mmpretrain",
        model=dict(
            type="ImageClassifier",
            backbone=dict(type="LeNet5", num_classes=-1, init_cfg=dict(type="Kaiming", layer="Conv2d")),
            neck=dict(type="GlobalAveragePooling", dim=2),
            head=dict(
                type="LinearClsHead",
                num_classes=10,
                in_channels=120,
                topk=(1, 5),
                cal_acc=False,
                loss=dict(type="LabelSmoothLoss", label_smooth_val=0.1, mode="original", loss_weight=1.0),
            ),
            train_cfg=dict(
                augments=[dict(type="Mixup", alpha=0.8), dict(type="CutMix", alpha=1.0)], probs=[0.5, 0.5]
            ),
            init_cfg=None,
        ),
        data_preprocessor=dict(
            type="ClsDataPreprocessor", num_classes=10, mean=[77.8], std=[95.9], to_rgb=False
        ),
        train_dataloader=_loader("train", _TRAIN_STEPS, shuffle=True),
        val_dataloader=_loader("val", _TEST_STEPS, shuffle=False),
        test_dataloader=_loader("val", _TEST_STEPS, shuffle=False),
        train_cfg=dict(by_epoch=True, max_epochs=1, val_begin=1, val_interval=1, dynamic_intervals=[(1, 1)]),
        val_cfg=dict(fp16=False),
        test_cfg=dict(),
        val_evaluator=[
            dict(type="Accuracy", topk=(1, 5)),
            dict(type="SingleLabelMetric", items=["precision", "recall"]),
        ],
        test_evaluator=dict(type="Accuracy", topk=(1,), thrs=0.0, prefix=None),
        optim_wrapper=dict(
            type="OptimWrapper",
            optimizer=dict(type="AdamW", lr=2e-3, weight_decay=0.05, betas=(0.9, 0.999), eps=1e-8),
            clip_grad=dict(max_norm=5.0, norm_type=2),
            paramwise_cfg=dict(
                norm_decay_mult=0.0,
                bias_lr_mult=2.0,
                bypass_duplicate=False,
                custom_keys=dict(head=dict(lr_mult=0.5, decay_mult=0.0)),
            ),
            accumulative_counts=1,
        ),
        param_scheduler=[
            dict(
                type="LinearLR", start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True
            ),
            dict(type="MultiStepLR", milestones=[1, 2], gamma=0.1, by_epoch=True),
            dict(type="CosineAnnealingLR", T_max=1, eta_min=1e-5, by_epoch=True, begin=1, end=2),
        ],
        default_hooks=dict(
            timer=dict(type="IterTimerHook"),
            logger=dict(type="LoggerHook", interval=1, ignore_last=False),
            param_scheduler=dict(type="ParamSchedulerHook"),
            checkpoint=dict(
                type="CheckpointHook",
                interval=1,
                save_best="auto",
                rule=None,
                max_keep_ckpts=1,
                by_epoch=True,
            ),
            sampler_seed=dict(type="DistSamplerSeedHook"),
            visualization=dict(type="VisualizationHook", enable=False, interval=1),
        ),
        custom_hooks=[
            dict(type="EMAHook", momentum=0.1, priority="ABOVE_NORMAL", update_buffers=False, begin_iter=0),
            dict(type="EarlyStoppingHook", monitor="accuracy/top1", patience=3, min_delta=0.1),
        ],
        env_cfg=dict(
            cudnn_benchmark=False,
            mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
            dist_cfg=dict(backend="gloo"),
            resource_limit=1024,
        ),
        visualizer=dict(type="UniversalVisualizer", vis_backends=[dict(type="LocalVisBackend")]),
        log_processor=dict(
            window_size=10,
            by_epoch=True,
            num_digits=4,
            custom_cfg=[dict(data_src="loss", method_name="mean")],
        ),
        log_level="WARNING",
        load_from=None,
        resume=False,
        randomness=dict(seed=0, deterministic=False, diff_rank_seed=False),
        auto_scale_lr=dict(base_batch_size=8, enable=False),
        tta_model=dict(type="AverageClsScoreTTA"),
        tta_pipeline=_TEST_STEPS,
        custom_imports=None,
        work_dir="work",
        experiment_name=None,
        launcher="none",
        device="cpu",
        compile=False,
        channels_last=False,
        activation_checkpointing=None,
        strategy=None,
    )


def as_python(values: dict[Any, Any]) -> str:
    """Write values as a Python config."""
    lines = []
    for key, value in values.items():
        name = str(key) if isinstance(key, str) and key.isidentifier() else f"globals()[{key!r}]"
        lines.append(f"{name} = {value!r}")
    return "\n".join(lines) + "\n"


def as_json(values: dict[Any, Any]) -> str:
    """Write values as JSON."""
    return json.dumps(values, indent=1, default=str)


def as_yaml(values: dict[Any, Any]) -> str:
    """Write values as YAML."""
    import yaml

    return yaml.safe_dump(json.loads(as_json(values)), sort_keys=False, allow_unicode=True)
