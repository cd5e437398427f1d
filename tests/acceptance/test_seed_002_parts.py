# ruff: noqa: E501  (settings as the tutorial prints them)
"""Notes on MMClassification 0.x, step by step: configs, pipelines, schedules, hooks. See ``test_seed_002``.

Names of tests say at which line of the text a step begins. What is a slip there (``_delete``, ``Colletct``, a
missing comma) is written as it was meant.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.registry import TRANSFORMS
from tests.acceptance.checkout import REPO, Checkout
from tests.compat.old_run import old_run

__all__ = ["old_run"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("mmclassification"))


def valid(cfg):
    """Return what is wrong with a config of 0.x once it is translated."""
    return [str(problem) for problem in validate(cfg.modern(), files=False)]


def read(checkout, name, text):
    return Config.fromfile(str(checkout.write(f"configs/tutorial/{name}.py", text)))


# -- the demo, line by line (383 to 620) --------------------------------------------------------------


def test_line_449_inference_by_hand(old_run):
    """Each call of ``inference_model`` as the text prints it: Compose, collate, scatter, a forward pass."""
    import mmcv
    from mmcls.datasets.pipelines import Compose
    from mmcls.models import build_classifier
    from mmcv.parallel import collate, scatter

    old_run.config("data['test'] = data['val']\n")
    config = mmcv.Config.fromfile("config.py")
    assert isinstance(config, mmcv.Config)
    config.merge_from_dict({"model.head.topk": (1,)})
    config.model.pretrained = None
    model = build_classifier(config.model)
    model.CLASSES = ("class0", "class1")
    model.cfg = config
    model.to("cpu")
    model.eval()
    img = "images/class0/0.png"
    cfg = model.cfg
    device = next(model.parameters()).device
    for source in (img, mmcv.imread(img, flag="grayscale")):
        if isinstance(source, str):
            if cfg.data.test.pipeline[0]["type"] != "LoadImageFromFile":
                cfg.data.test.pipeline.insert(0, dict(type="LoadImageFromFile", color_type="grayscale"))
            data = dict(img_info=dict(filename=source), img_prefix=None)
        else:
            if cfg.data.test.pipeline[0]["type"] == "LoadImageFromFile":
                cfg.data.test.pipeline.pop(0)
            data = dict(img=source)
        test_pipeline = Compose(cfg.data.test.pipeline)
        data = test_pipeline(data)
        data = collate([data], samples_per_gpu=1)
        if next(model.parameters()).is_cuda:
            data = scatter(data, [device])[0]
        with torch.no_grad():
            scores = model(return_loss=False, **data)
            pred_score = np.max(scores, axis=1)[0]
            pred_label = np.argmax(scores, axis=1)[0]
            result = {"pred_label": pred_label, "pred_score": float(pred_score)}
        result["pred_class"] = model.CLASSES[result["pred_label"]]
        assert 0.5 <= result["pred_score"] <= 1
        assert result["pred_class"].startswith("class")
    drawn = model.show_result(img, result, show=False, out_file="shown.png")
    assert drawn.ndim == 3


def test_line_250_registries_of_ones_own():
    import mmcv
    from mmcv.cnn import MODELS as MMCV_MODELS
    from mmcv.utils import Registry, build_from_cfg

    registry = Registry("converter of the notes", parent=MMCV_MODELS)

    @registry.register_module()
    class Converter:
        def __init__(self, a):
            self.a = a

    assert build_from_cfg(dict(type="Converter", a=3), registry).a == 3
    assert registry.build(dict(type="Converter"), default_args=dict(a=4)).a == 4
    assert registry.get("ResNet") is not None, "the parent is asked"
    with pytest.raises(TypeError):
        mmcv.Config(3)


def test_line_520_text_and_syntax(checkout):
    import mmcv

    cfg = mmcv.Config.fromfile(str(checkout.folder / "configs/lenet/lenet5_mnist.py"))
    assert "LeNet5" in cfg.text
    bad = checkout.write("configs/tutorial/bad.py", "a = dict(\n")
    with pytest.raises(Exception, match=r"bad\.py"):
        mmcv.Config.fromfile(str(bad))


# -- configs (632 to 1130) ----------------------------------------------------------------------------

RESNET = """
_base_ = './resnet50_8xb32_in1k.py'
runner = dict(max_epochs=300)
lr_config = dict(step=[150, 200, 250])
data = dict(
    train=dict(data_prefix='mydata/imagenet/train'),
    val=dict(data_prefix='mydata/imagenet/train',),
    test=dict(data_prefix='mydata/imagenet/train')
)
"""


def test_line_898_inherit_and_change(checkout):
    (checkout.folder / "configs/tutorial").mkdir(exist_ok=True)
    zoo = (REPO / "configs/resnet/resnet50_8xb32_in1k.py").read_text()
    checkout.write("configs/tutorial/resnet50_8xb32_in1k.py", zoo)
    cfg = read(checkout, "resnet50_8xb32-300e_in1k", RESNET).modern()
    assert cfg.train_cfg.max_epochs == 300
    assert cfg.param_scheduler[0].milestones == [150, 200, 250]
    assert cfg.train_dataloader.dataset.data_prefix == "mydata/imagenet/train"
    assert [str(problem) for problem in validate(cfg, files=False)] == []


def test_line_1000_leave_out_what_is_inherited(checkout):
    cfg = read(
        checkout,
        "cosine",
        "_base_ = '../../configs/resnet/resnet50_8xb32_in1k.py'\n"
        "lr_config = dict(_delete_=True, policy='CosineAnnealing', min_lr=0, warmup='linear', by_epoch=True,\n"
        "                 warmup_iters=5, warmup_ratio=0.1)\n",
    )
    assert valid(cfg) == []


def test_line_1028_variables_of_the_base(checkout):
    checkout.write(
        "configs/tutorial/pipelines/auto_aug.py",
        "auto_increasing_policies = [[dict(type='Posterize', bits=4, prob=0.4)]]\n",
    )
    cfg = read(
        checkout,
        "autoaug",
        """
_base_ = ['./pipelines/auto_aug.py']
dataset_type = 'ImageNet'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', size=224),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='AutoAugment', policies={{_base_.auto_increasing_policies}}),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label'])
]
data = dict(samples_per_gpu=64, workers_per_gpu=2,
            train=dict(type=dataset_type, data_prefix='data/imagenet/train', pipeline=train_pipeline))
evaluation = dict(interval=1, metric='accuracy')
""",
    )
    assert cfg.data.train.pipeline[3].policies == [[dict(type="Posterize", bits=4, prob=0.4)]]
    assert cfg.modern().train_dataloader.batch_size == 64


@pytest.mark.parametrize(
    ("option", "look"),
    [
        ("model.backbone.norm_eval=False", lambda cfg: cfg.model.backbone.norm_eval is False),
        (
            "data.train.pipeline.2.flip_prob=0.0",
            lambda cfg: cfg.train_dataloader.dataset.pipeline[2].prob == 0.0,
        ),
        ("workflow=[(train,1),(val,1)]", lambda cfg: cfg.custom_hooks[-1].type == "ValLossHook"),
    ],
)
def test_line_1075_options(checkout, option, look):
    text = """
_base_ = '../_base_/models/resnet18.py'
workflow = [('train', 1)]
pipeline = [dict(type='LoadImageFromFile'), dict(type='RandomResizedCrop', size=32),
            dict(type='RandomFlip', flip_prob=0.5), dict(type='ImageToTensor', keys=['img']),
            dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img', 'gt_label'])]
data = dict(samples_per_gpu=2, workers_per_gpu=0, train=dict(type='CustomDataset', pipeline=pipeline),
            val=dict(type='CustomDataset', pipeline=pipeline))
runner = dict(type='EpochBasedRunner', max_epochs=1)
optimizer = dict(type='SGD', lr=0.1)
"""
    checkout.write("configs/tutorial/options.py", text)
    out = checkout.python(
        "tools/misc/print_config.py", "configs/tutorial/options.py", "--cfg-options", option
    )
    start = out.index("model =") if "model =" in out else 0
    path = checkout.write(
        "printed.py", "\n".join(line for line in out[start:].splitlines() if not line.startswith("Keys of"))
    )
    cfg = Config.fromfile(str(path)).modern()
    assert look(cfg), out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("_base_ = '../faster_rcnn/faster_rcnn_r50_fpn_1x_coco.py'\n", "There is no config .*faster_rcnn"),
        ("_base_ = ['../_base_/datasets/cifar10.py']\n", "Did you mean .*cifar10_bs16.py"),
        (
            "_base_ = ['../_base_/datasets/pipelines/auto_aug.py']\nx = {{_base_.auto_increasing_policies}}\n",
            "The base config has no 'auto_increasing_policies'.* It has: policy_imagenet",
        ),
    ],
)
def test_line_716_bases_that_are_not_there(checkout, line, says):
    with pytest.raises(Exception, match=says):
        read(checkout, "no_such_base", line)


#: Lines 737 to 917: the config that the text builds up, piece by piece.
WHOLE = """
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(3, ),
        frozen_stages=-1,
        style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        topk=(1, 5),
    ))
dataset_type = 'ImageNet'
img_norm_cfg = dict(
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop',size=224),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label'])
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', size=(256, -1)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img'])
]
data = dict(
    samples_per_gpu = 32,
    workers_per_gpu = 2,
    train = dict(
        type=dataset_type,
        data_prefix='data/imagenet/train',
        pipeline=train_pipeline
    ),
    val = dict(
        type=dataset_type,
        data_prefix='data/imagenet/val',
        ann_file='data/imagenet/meta/val.txt',
        pipeline=test_pipeline
    ),
    test=dict(
        type=dataset_type,
        data_prefix='data/imagenet/val',
        ann_file='data/imagenet/meta/val.txt',
        pipeline=test_pipeline
    )
)
evaluation = dict(
    interval=1,
    metric='accuracy'
)
optimizer = dict(
    type='SGD',
    lr=0.1,
    momentum=0.9,
    weight_decay=0.0001
)
optimizer_config = dict(grad_clip=None)
lr_config = dict(
    policy='step',
    step=[30, 60, 90]
)
runner = dict(
    type='EpochBasedRunner',
    max_epochs=100
)
checkpoint_config = dict(interval=1)
log_config = dict(
    interval = 100,
    hooks=[
        dict(type='TextLoggerHook'),
    ]
)
dist_params = dict(backend='nccl')
log_level = 'INFO'
resume_from = None
workflow = [('train', 1)]
work_dir = 'work_dir'
"""


def test_line_737_the_config_of_the_text(checkout):
    """It means what the zoo's own config of that model does."""
    cfg = read(checkout, "whole", WHOLE)
    assert valid(cfg) == []
    today = cfg.modern()
    zoo = Config.fromfile(str(REPO / "configs/resnet/resnet50_8xb32_in1k.py"))
    for key in ("optim_wrapper", "train_cfg"):
        assert {k: v for k, v in zoo[key].items() if k in today[key]} == today[key], key
    assert today.model.head == zoo.model.head
    assert today.param_scheduler[0].milestones == zoo.param_scheduler.milestones
    assert today.val_dataloader.dataset.pipeline[1:3] == [
        dict(type="ResizeEdge", scale=256, edge="short"),
        dict(type="CenterCrop", crop_size=224),
    ]
    assert today.data_preprocessor.mean == zoo.data_preprocessor.mean
    assert today.work_dir == "work_dir"


# -- data (1186 to 1390) ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrapper",
    [
        "dict(type='RepeatDataset', times=3, dataset={})",
        "dict(type='ClassBalancedDataset', oversample_thr=1e-3, dataset={})",
    ],
)
def test_line_1270_wrappers(old_run, wrapper):
    inner = "dict(type='CustomDataset', data_prefix='images', pipeline=train_pipeline)"
    runner = old_run.train(
        f"data['train'] = {wrapper.format(inner)}\nrunner = dict(type='EpochBasedRunner', max_epochs=1)\n"
    )
    assert runner.iter in (2, 6)


def test_line_1375_storage_backends():
    import mmcv

    client = mmcv.FileClient(backend="disk")
    assert len(client.get(str(REPO / "demo/bird.JPEG"))) > 1000
    step = dict(
        type="LoadImageFromFile",
        file_client_args=dict(
            backend="memcached",
            server_list_cfg="/mnt/xxx/memcached_client/server_list.conf",
            client_cfg="/mnt/xxx/memcached_client/client.conf",
        ),
    )
    assert TRANSFORMS.build(step) is not None


# -- schedules (1820 to 2010) -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule",
    [
        "lr_config = dict(policy='step', step=[100, 150])",
        "lr_config = dict(policy='CosineAnnealing', min_lr_ratio=1e-5)",
        "lr_config = dict(policy='poly', power=0.9, min_lr=1e-4, by_epoch=False)",
        "lr_config = dict(policy='CosineAnnealing', by_epoch=False, min_lr_ratio=1e-2, warmup='linear',\n"
        "    warmup_by_epoch=False, warmup_ratio=1e-3, warmup_iters=20 * 1252)",
        "lr_config = dict(policy='CosineAnnealing', min_lr_ratio=1e-2, warmup='exp', warmup_iters=5,\n"
        "    warmup_ratio=0.1, warmup_by_epoch=True)",
        "lr_config = dict(policy='cyclic', target_ratio=(10, 1e-4), cyclic_times=1, step_ratio_up=0.4)\n"
        "momentum_config = dict(policy='cyclic', target_ratio=(0.85 / 0.95, 1), cyclic_times=1,\n"
        "    step_ratio_up=0.4)",
        "optimizer = dict(type='Adam', lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False)",
        "optimizer = dict(type='SGD', lr=0.8, weight_decay=1e-4, paramwise_cfg=dict(norm_decay_mult=0.))",
        "optimizer = dict(type='SGD', lr=0.8, weight_decay=1e-4, paramwise_cfg=dict(custom_keys={\n"
        "    'backbone.cls_token': dict(decay_mult=0.), 'backbone': dict(lr_mult=0.1, decay_mult=0.9)}))",
        "optimizer_config = dict(grad_clip=dict(max_norm=35, norm_type=2))",
        "optimizer_config = dict(grad_clip=dict(max_norm=35, norm_type=2), _delete_=True, type='OptimizerHook')",
        "optimizer_config = dict(type='GradientCumulativeOptimizerHook', cumulative_iters=2)",
        "workflow = [('train', 1), ('val', 1)]",
        "checkpoint_config = dict(interval=1, max_keep_ckpts=1, save_optimizer=False)",
        "log_config = dict(interval=50, hooks=[dict(type='TextLoggerHook')])",
        "evaluation = dict(interval=1, start=2, metric='accuracy', metric_options={'topk': (1, )})",
        "evaluation = dict(interval=1, save_best='auto', metric='accuracy', metric_options={'topk': (1, )})",
        "custom_hooks = [dict(type='EMAHook', interval=100, priority='HIGH')]",
        "custom_hooks = [dict(type='SyncBuffersHook'), dict(type='EmptyCacheHook', priority='NORMAL')]",
        "custom_hooks = [dict(type='ProfilerHook', by_epoch=False, profile_iters=2, activities=['cpu'])]",
        "load_from = None\nresume_from = None\ndist_params = dict(backend='nccl')\nlog_level = 'INFO'",
    ],
)
def test_line_1820_strategies_hooks_and_runtime(old_run, schedule):
    """Each setting of the sections on strategies and on running, as printed, in a run of two epochs."""
    runner = old_run.train(schedule + "\n")
    assert runner.iter == 4
    assert Path("work/epoch_2.pth").is_file()


def test_line_2090_an_optimizer_constructor(old_run):
    parts = """
import torch
from mmcv.runner.optimizer import OPTIMIZER_BUILDERS

@OPTIMIZER_BUILDERS.register_module()
class ConstructorOfTheNotes:

    def __init__(self, optimizer_cfg, paramwise_cfg=None):
        self.lr = optimizer_cfg['lr']
        self.cfg = paramwise_cfg

    def __call__(self, model):
        return torch.optim.SGD(model.parameters(), lr=self.lr * self.cfg['times'])
"""
    runner = old_run.train(
        "optimizer = dict(type='SGD', lr=0.1, constructor='ConstructorOfTheNotes', paramwise_cfg=dict(times=3))\n",
        parts,
    )
    assert runner.optim_wrapper.optimizer.param_groups[0]["lr"] == pytest.approx(0.3)


def test_line_2440_resume_from(old_run):
    old_run.train("runner = dict(type='EpochBasedRunner', max_epochs=1)\n")
    runner = old_run.train("resume_from = 'work/epoch_1.pth'\nwork_dir = 'work2'\n")
    assert runner.epoch == 2
    assert not Path("work2/epoch_1.pth").exists()
    weights = torch.load("work/epoch_1.pth", weights_only=False)["state_dict"]
    runner = old_run.train(
        "load_from = 'work/latest.pth'\noptimizer = dict(type='SGD', lr=0.)\nwork_dir = 'work3'\n"
    )
    for key, value in runner.model.state_dict().items():
        assert torch.equal(value, weights[key]), key


# -- fine-tuning (2300 to 2500) -----------------------------------------------------------------------


def test_line_2430_fine_tuning_on_cifar(checkout):
    """The whole file of the chapter; the base for data is called ``cifar10_bs16.py``."""
    cfg = read(
        checkout,
        "resnet50_finetune_cifar",
        """
_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/cifar10_bs16.py',
    '../_base_/default_runtime.py'
]
model = dict(
    backbone=dict(
        frozen_stages=2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth',
            prefix='backbone'
        )
    ),
    head=dict(num_classes=10)
)
img_norm_cfg = dict(mean=[125.307, 122.961, 113.8575], std=[51.5865, 50.847, 51.255], to_rgb=False)
train_pipeline = [
    dict(type='RandomCrop', size=32, padding=4),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Resize', size=224),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label']),
]
test_pipeline = [
    dict(type='Resize', size=224),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img']),
]
data = dict(
    samples_per_gpu=128,
    train=dict(pipeline=train_pipeline),
    val=dict(pipeline=test_pipeline),
    test=dict(pipeline=test_pipeline),
)
optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[15])
runner = dict(type='EpochBasedRunner', max_epochs=200)
log_config = dict(interval=100)
""",
    )
    assert valid(cfg) == []
    today = cfg.modern()
    assert today.train_dataloader.batch_size == 128
    assert today.train_cfg.max_epochs == 200
    assert today.data_preprocessor.mean == [125.307, 122.961, 113.8575]
    image = np.zeros((32, 32, 3), np.uint8)
    results = {"img": image, "gt_label": 3}
    for step in today.train_dataloader.dataset.pipeline:
        results = TRANSFORMS.build(step)(results)
    assert results["inputs"].shape == (3, 224, 224)
