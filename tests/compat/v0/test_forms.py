"""Each section of a 0.x config, in the forms that the tutorials show, and what becomes of it."""

# ruff: noqa: E501  (tables: one form a line)

from __future__ import annotations

import textwrap

import pytest

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError

PIPELINES = """
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', size=224),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label'])]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', size=(256, -1)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img'])]
"""
SCHEDULE = """
optimizer = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[30, 60, 90])
runner = dict(type='EpochBasedRunner', max_epochs=100)
"""


def load(text: str) -> Config:
    return Config.fromstring(textwrap.dedent(text), ".py").modern()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (dict(type="Resize", size=32), dict(type="Resize", scale=32)),
        (dict(type="Resize", size=(20, 30)), dict(type="Resize", scale=(30, 20))),
        (
            dict(type="Resize", size=(256, -1), adaptive_side="long", interpolation="bicubic"),
            dict(type="ResizeEdge", scale=256, interpolation="bicubic", edge="long"),
        ),
        (dict(type="CenterCrop", crop_size=(20, 30)), dict(type="CenterCrop", crop_size=(30, 20))),
        (
            dict(type="CenterCrop", crop_size=224, efficientnet_style=True, interpolation="bicubic"),
            dict(type="EfficientNetCenterCrop", crop_size=224, interpolation="bicubic"),
        ),
        (
            dict(type="RandomResizedCrop", size=224, scale=(0.2, 1.0), ratio=(1.0, 2.0)),
            dict(
                type="RandomResizedCrop",
                scale=224,
                crop_ratio_range=(0.2, 1.0),
                aspect_ratio_range=(1.0, 2.0),
            ),
        ),
        (
            dict(type="RandomResizedCrop", size=224, efficientnet_style=True, min_covered=0.2),
            dict(type="EfficientNetRandomCrop", scale=224, interpolation="bilinear", min_covered=0.2),
        ),
        (dict(type="RandomCrop", size=32, padding=4), dict(type="RandomCrop", crop_size=32, padding=4)),
        (dict(type="RandomFlip"), dict(type="RandomFlip", prob=0.5)),
        (
            dict(type="RandomGrayscale", gray_prob=0.3),
            dict(type="RandomGrayscale", prob=0.3, channel_weights=(0.114, 0.587, 0.299), keep_channels=True),
        ),
        (dict(type="ToPIL"), dict(type="NumpyToPIL")),
        (dict(type="ToNumpy"), dict(type="PILToNumpy")),
        (dict(type="Albu", transforms=[]), dict(type="Albumentations", transforms=[])),
        (dict(type="MyTransform", size=3), dict(type="MyTransform", size=3)),
        (
            dict(type="LoadImageFromFile", file_client_args=dict(backend="memcached")),
            dict(type="LoadImageFromFile", file_client_args=dict(backend="memcached")),
        ),
    ],
)
def test_transforms(old, new):
    collect = dict(type="Collect", keys=["img", "gt_label", "extra"], meta_keys=["filename", "flip"])
    text = f"data = dict(train=dict(type='ImageNet', pipeline=[{old}, {collect}]))\n"
    pipeline = load(text).train_dataloader.dataset.pipeline
    packed = dict(type="PackInputs", algorithm_keys=("extra",), meta_keys=("img_path", "flip"))
    assert pipeline == [new, packed]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "dict(type='RepeatDataset', times=3, dataset=dict(type='A', pipeline=train_pipeline))",
            dict(type="RepeatDataset", times=3, dataset=dict(type="A")),
        ),
        (
            "dict(type='ClassBalancedDataset', oversample_thr=1e-3, dataset=dict(type='A'))",
            dict(type="ClassBalancedDataset", oversample_thr=1e-3, dataset=dict(type="A")),
        ),
        (
            "dict(type='ConcatDataset', datasets=[dict(type='A'), dict(type='B')], separate_eval=False)",
            dict(type="ConcatDataset", datasets=[dict(type="A"), dict(type="B")]),
        ),
        (
            "[dict(type='A'), dict(type='B')]",
            dict(type="ConcatDataset", datasets=[dict(type="A"), dict(type="B")]),
        ),
        (
            "dict(type='A', ann_file=['a', 'b'], data_prefix='x')",
            dict(
                type="ConcatDataset",
                datasets=[
                    dict(type="A", ann_file="a", data_prefix="x"),
                    dict(type="A", ann_file="b", data_prefix="x"),
                ],
            ),
        ),
        ("dict(type='CIFAR10', data_prefix='d')", dict(type="CIFAR10", data_root="d", split="train")),
        (
            "dict(type='MNIST', data_prefix='d', test_mode=True)",
            dict(type="MNIST", test_mode=True, data_root="d", split="test"),
        ),
        (
            "dict(type='VOC', data_prefix='d/VOC2007/', ann_file='d/VOC2007/ImageSets/Main/trainval.txt')",
            dict(type="VOC", data_root="d/VOC2007/", image_set_path="ImageSets/Main/trainval.txt"),
        ),
        (
            "dict(type='CUB', data_prefix='d/images', ann_file='x')",
            dict(type="CUB", data_root="d", split="train"),
        ),
        (
            "dict(type='ImageNet', data_prefix='d', ann_file=None)",
            dict(type="ImageNet", data_prefix="d", ann_file=""),
        ),
    ],
)
def test_data_sets(old, new):
    dataset = load(f"{PIPELINES}data = dict(samples_per_gpu=2, train={old})\n").train_dataloader.dataset
    inner = dataset.get("dataset")
    if isinstance(inner, dict):
        inner.pop("pipeline")
    assert dataset == new


def test_loaders():
    cfg = load(
        """
        data = dict(
            samples_per_gpu=32, workers_per_gpu=0, persistent_workers=True, drop_last=True,
            train=dict(type='A'), val=dict(type='B'), test=dict(type='B'),
            train_dataloader=dict(samples_per_gpu=8, shuffle=False),
            val_dataloader=dict(samples_per_gpu=64, workers_per_gpu=3))
        sampler = dict(type='RepeatAugSampler')
        """
    )
    assert cfg.train_dataloader == dict(
        dataset=dict(type="A"),
        batch_size=8,
        num_workers=0,
        persistent_workers=False,
        drop_last=True,
        sampler=dict(type="RepeatAugSampler", shuffle=False),
    )
    assert (cfg.val_dataloader.batch_size, cfg.val_dataloader.num_workers) == (64, 3)
    assert "drop_last" not in cfg.val_dataloader
    assert cfg.test_dataloader.batch_size == 32


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("optimizer_config = dict(grad_clip=dict(max_norm=35, norm_type=2))", dict(clip_grad=dict(max_norm=35, norm_type=2))),
        ("optimizer_config = dict(grad_clip=dict(max_norm=1), type='OptimizerHook')", dict(clip_grad=dict(max_norm=1))),
        (
            "optimizer_config = dict(type='GradientCumulativeOptimizerHook', cumulative_iters=4)",
            dict(accumulative_counts=4),
        ),
        ("optimizer_config = dict(type='Fp16OptimizerHook', loss_scale=512.)", dict(type="AmpOptimWrapper", loss_scale=512.0)),
        (
            "optimizer_config = dict(type='GradientCumulativeFp16OptimizerHook', loss_scale='dynamic', cumulative_iters=2)",
            dict(accumulative_counts=2, type="AmpOptimWrapper", loss_scale="dynamic"),
        ),
        ("optimizer_config = dict()\nfp16 = dict(loss_scale=dict(init_scale=8.0))",
         dict(type="AmpOptimWrapper", loss_scale=dict(init_scale=8.0))),
        ("optimizer = dict(type='SGD', lr=1, paramwise_cfg=dict(norm_decay_mult=0.), constructor='Mine')",
         dict(paramwise_cfg=dict(norm_decay_mult=0.0), constructor="Mine", optimizer=dict(type="SGD", lr=1))),
        ("optimizer = dict(type='SGD', lr=1, constructor='DefaultOptimizerConstructor')",
         dict(constructor="DefaultOptimWrapperConstructor", optimizer=dict(type="SGD", lr=1))),
    ],
)  # fmt: skip
def test_optimizers(old, new):
    assert load(old + "\n").optim_wrapper == new


@pytest.mark.parametrize(
    ("old", "metrics", "others"),
    [
        ("interval=12", dict(type="Accuracy", topk=(1, 5)), dict(val_interval=12)),
        ("interval=1, start=200, metric='accuracy', metric_options={'topk': (1, )}",
         dict(type="Accuracy", topk=(1,)), dict(val_interval=1, val_begin=200)),
        ("metric=['precision', 'recall', 'f1_score', 'support'], metric_options=dict(average_mode='none')",
         dict(type="SingleLabelMetric", items=("precision", "recall", "f1-score", "support"), average=None), {}),
        ("metric=['accuracy', 'precision'], metric_options=dict(thrs=(0.1, 0.2))",
         [dict(type="Accuracy", topk=(1, 5), thrs=(0.1, 0.2)),
          dict(type="SingleLabelMetric", items=("precision",), thrs=(0.1, 0.2))], {}),
        ("metric=['mAP', 'CF1', 'OF1'], metric_options=dict(thr=0.4)",
         [dict(type="AveragePrecision"), dict(type="MultiLabelMetric", items=("f1-score",), average="macro", thr=0.4),
          dict(type="MultiLabelMetric", items=("f1-score",), average="micro", thr=0.4)], {}),
    ],
)  # fmt: skip
def test_evaluation(old, metrics, others):
    cfg = load(f"data = dict(val=dict(type='A'))\nevaluation = dict({old})\n")
    assert cfg.val_evaluator == metrics
    assert cfg.get("train_cfg", {}) == others
    assert "test_evaluator" not in cfg


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("True", "auto"),
        ("'auto'", "auto"),
        ("'accuracy_top-1'", "accuracy/top1"),
        ("'f1_score'", "single-label/f1-score"),
        ("'mAP'", "multi-label/mAP"),
    ],
)
def test_save_best(old, new):
    cfg = load(f"data = dict(val=dict(type='A'))\nevaluation = dict(save_best={old}, rule='greater')\n")
    assert cfg.default_hooks.checkpoint == dict(type="CheckpointHook", save_best=new, rule="greater")


def test_loggers_and_hooks():
    cfg = load(
        """
        log_config = dict(interval=20, hooks=[
            dict(type='TextLoggerHook', interval=10),
            dict(type='TensorboardLoggerHook', log_dir='tb'),
            dict(type='WandbLoggerHook', init_kwargs=dict(project='x')),
            dict(type='MlflowLoggerHook', exp_name='e', tags=dict(a='b'))])
        custom_hooks = [
            dict(type='EMAHook', interval=100, priority='HIGH', warm_up=100),
            dict(type='SyncBuffersHook'), dict(type='EmptyCacheHook', after_epoch=True),
            dict(type='MyHook', a=1, priority='NORMAL')]
        """
    )
    assert cfg.default_hooks.logger == dict(type="LoggerHook", interval=10)
    assert cfg.visualizer.vis_backends == [
        dict(type="LocalVisBackend"),
        dict(type="TensorboardVisBackend", save_dir="tb"),
        dict(type="WandbVisBackend", init_kwargs=dict(project="x")),
        dict(type="MLflowVisBackend", exp_name="e", tags=dict(a="b")),
    ]
    assert cfg.custom_hooks == [
        dict(type="EMAHook", interval=100, priority="HIGH"),
        dict(type="SyncBuffersHook"),
        dict(type="EmptyCacheHook", after_epoch=True),
        dict(type="MyHook", a=1, priority="NORMAL"),
    ]


def test_environment_and_resuming():
    cfg = load(
        """
        dist_params = dict(backend='gloo', port=29500)
        cudnn_benchmark = True
        mp_start_method = 'spawn'
        opencv_num_threads = 2
        seed = 3
        deterministic = True
        gpu_ids = [0]
        find_unused_parameters = True
        load_from = 'a.pth'
        resume_from = 'b.pth'
        """
    )
    assert cfg.env_cfg == dict(
        dist_cfg=dict(backend="gloo", port=29500),
        cudnn_benchmark=True,
        mp_cfg=dict(mp_start_method="spawn", opencv_num_threads=2),
    )
    assert cfg.randomness == dict(seed=3, deterministic=True)
    assert (cfg.load_from, cfg.resume, cfg.find_unused_parameters) == ("b.pth", True, True)
    assert "gpu_ids" not in cfg


def test_runner_by_iteration():
    cfg = load(
        """
        runner = dict(type='IterBasedRunner', max_iters=1000)
        checkpoint_config = dict(interval=100)
        lr_config = dict(policy='poly', power=0.9, min_lr=1e-4, by_epoch=False)
        """
    )
    assert cfg.train_cfg == dict(by_epoch=False, max_iters=1000)
    assert cfg.default_hooks.checkpoint == dict(type="CheckpointHook", interval=100, by_epoch=False)
    assert cfg.param_scheduler[0].by_epoch is False


def test_models():
    cfg = load(
        SCHEDULE
        + """
model = dict(
    type='ImageClassifier', pretrained='weights.pth',
    backbone=dict(type='VisionTransformer', output_cls_token=False),
    train_cfg=dict(augments=[
        dict(type='BatchMixup', alpha=0.2, num_classes=7, prob=.5),
        dict(type='BatchCutMix', alpha=1.0, num_classes=7, prob=.3),
        dict(type='Identity', num_classes=7, prob=.2)]))
"""
    )
    assert cfg.model.init_cfg == dict(type="Pretrained", checkpoint="weights.pth")
    assert "pretrained" not in cfg.model
    assert cfg.model.backbone.out_type == "featmap"
    assert cfg.model.train_cfg == dict(
        augments=[dict(type="Mixup", alpha=0.2), dict(type="CutMix", alpha=1.0)], probs=[0.5, 0.3]
    )
    assert cfg.data_preprocessor.num_classes == 7
    one = load(
        "model = dict(train_cfg=dict(augments=dict(type='BatchMixup', alpha=1., num_classes=5, prob=1.)))\n"
    )
    assert one.model.train_cfg == dict(augments=[dict(type="Mixup", alpha=1.0)], probs=[1.0])
    other = load(
        SCHEDULE + "model = dict(pretrained='torchvision://resnet50', backbone=dict(type='ResNet'))\n"
    )
    assert other.model.backbone.init_cfg.checkpoint == "torchvision://resnet50"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runner = dict(type='MyRunner', max_epochs=1)", r":1 \(runner.type\): .*'MyRunner'.*LOOPS"),
        ("x = 1\noptimizer_config = dict(type='MyHook')", r":2 \(optimizer_config.type\): .*custom_imports"),
        ("optimizer_config = dict(my_key=1)", r"optimizer_config.my_key cannot be translated.*clip_grad"),
        ("evaluation = dict(metric='my_metric')", r"\(evaluation.metric\): .*METRICS"),
        ("evaluation = dict(metric='accuracy', my_option=1)", r"evaluation.my_option cannot be translated"),
        ("log_config = dict(interval=1, hooks=[dict(type='PaviLoggerHook')])", r"PaviLoggerHook.*service is closed"),
        ("lr_config = dict(policy='my_policy')", r"\(lr_config.policy\): There is no policy 'my_policy'"),
        ("workflow = [('test', 1)]", r"workflow.*LOOPS|train_cfg.type"),
        ("data = dict(samples_per_gpu=1, prefetch=2)", r"data.prefetch cannot be translated"),
        ("data = dict(train=dict(type='A'), train_dataloader=dict(my=2))", r"data.train_dataloader.my cannot"),
        ("runner = 3\nlr_config = dict(policy='fixed')", r"runner must be a dict, got 3"),
        ("model = dict(train_cfg=dict(augments=[dict(type='BatchOther', prob=1.0), dict(type='BatchMixup')]))",
         r"BatchOther.*Mixup, CutMix"),
    ],
)  # fmt: skip
def test_what_cannot_be_translated_is_an_error_with_its_line(text, message):
    with pytest.raises(ConfigError, match=message):
        load(text + "\n")


def test_profiler():
    cfg = load(
        "runner = dict(type='EpochBasedRunner', max_epochs=1)\n"
        "custom_hooks = [dict(type='ProfilerHook', by_epoch=False, profile_iters=4, activities=['cpu'])]\n"
    )
    (hook,) = cfg.custom_hooks
    assert dict(hook) == dict(
        type="ProfilerHook", by_epoch=False, profile_times=4, activity_with_cpu=True, activity_with_cuda=False
    )
