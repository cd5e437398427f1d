"""Configs for MMClassification 0.x: the forms that its tutorials show, and what becomes of each."""

from __future__ import annotations

import logging

from mmpretrain.compat.v0 import is_old
from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from tests.compat.v0.cases import RUNTIME, SCHEDULE, WHOLE, load


def test_the_config_of_the_tutorial():
    cfg = load(WHOLE)
    packed = dict(type="PackInputs")
    train = [
        dict(type="LoadImageFromFile"),
        dict(type="RandomResizedCrop", scale=224),
        dict(type="RandomFlip", prob=0.5, direction="horizontal"),
        packed,
    ]
    test = [
        dict(type="LoadImageFromFile"),
        dict(type="ResizeEdge", scale=256, edge="short"),
        dict(type="CenterCrop", crop_size=224),
        packed,
    ]
    assert cfg.train_dataloader == dict(
        batch_size=32,
        num_workers=2,
        dataset=dict(type="ImageNet", data_prefix="data/train", pipeline=train),
        sampler=dict(type="DefaultSampler", shuffle=True),
    )
    dataset = dict(type="ImageNet", data_prefix="data/val", ann_file="data/val.txt", pipeline=test)
    sampler = dict(type="DefaultSampler", shuffle=False)
    loader = dict(batch_size=32, num_workers=2, dataset=dataset, sampler=sampler)
    assert cfg.val_dataloader == cfg.test_dataloader == loader
    assert cfg.val_evaluator == cfg.test_evaluator == dict(type="Accuracy", topk=(1, 5))
    assert cfg.data_preprocessor == dict(
        num_classes=10, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
    )
    assert cfg.optim_wrapper == dict(optimizer=dict(type="SGD", lr=0.1, momentum=0.9, weight_decay=0.0001))
    assert cfg.param_scheduler == [
        dict(type="MultiStepLR", milestones=[30, 60, 90], by_epoch=True, gamma=0.1)
    ]
    assert cfg.train_cfg == dict(by_epoch=True, max_epochs=100, val_interval=1)
    assert cfg.val_cfg == cfg.test_cfg == {}
    assert cfg.default_hooks == dict(
        checkpoint=dict(type="CheckpointHook", interval=1), logger=dict(type="LoggerHook", interval=100)
    )
    assert cfg.env_cfg == dict(dist_cfg=dict(backend="nccl"))
    assert (cfg.work_dir, cfg.log_level, cfg.load_from) == ("work_dir", "INFO", None)
    assert not is_old(cfg)
    assert validate(cfg, files=False) == []


def test_one_table_in_the_log(write, caplog):
    path = write("old.py", SCHEDULE + RUNTIME)
    with caplog.at_level(logging.INFO, "mmpretrain"):
        Config.fromfile(path, translate=True)
    (record,) = caplog.records
    rows = [line.split() for line in record.message.splitlines()]
    assert ["runner.max_epochs", "(old.py:4)", "train_cfg.max_epochs"] in rows
    assert ["checkpoint_config", "(old.py:6)", "default_hooks.checkpoint"] in rows
    assert len(rows) == len(set(map(tuple, rows)))
    caplog.clear()
    with caplog.at_level(logging.INFO, "mmpretrain"):
        Config.fromfile(path, translate=True).merge_from_dict({"optimizer.lr": 7, "runner.max_epochs": 3})
    again = "\n".join(record.message for record in caplog.records).splitlines()
    assert ["runner.max_epochs", "(--cfg-options)", "train_cfg.max_epochs"] in [row.split() for row in again]
    caplog.clear()
    assert is_old(Config.fromfile(path, translate=False))
    assert not caplog.records


def test_values_know_the_old_line(write):
    cfg = Config.fromfile(write("old.py", WHOLE.lstrip()), translate=True)
    text = WHOLE.lstrip()
    for key, part in {
        "train_dataloader.batch_size": "samples_per_gpu",
        "train_dataloader.dataset.pipeline.1.scale": "RandomResizedCrop",
        "optim_wrapper.optimizer.lr": "optimizer =",
        "param_scheduler.0.milestones": "lr_config",
        "default_hooks.logger.interval": "log_config",
    }.items():
        assert cfg.source(key).place == f"old.py:{text[: text.index(part)].count(chr(10)) + 1}", key


def test_fine_tuning_tutorial_on_top_of_the_zoo():
    """A tutorial for 0.x inherits from files of the zoo, which are written for 1.x now."""
    cfg = load(
        """
        _base_ = ['mmpretrain::_base_/models/resnet50.py', 'mmpretrain::_base_/datasets/cifar10_bs16.py',
                  'mmpretrain::_base_/default_runtime.py']
        model = dict(backbone=dict(frozen_stages=2, init_cfg=dict(
            type='Pretrained', checkpoint='https://x.org/r50.pth', prefix='backbone')),
            head=dict(num_classes=10))
        img_norm_cfg = dict(mean=[125.307, 122.961, 113.8575], std=[51.5865, 50.847, 51.255], to_rgb=False)
        train_pipeline = [
            dict(type='RandomCrop', size=32, padding=4),
            dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
            dict(type='Resize', size=224),
            dict(type='Normalize', **img_norm_cfg),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='ToTensor', keys=['gt_label']),
            dict(type='Collect', keys=['img', 'gt_label'])]
        test_pipeline = [
            dict(type='Resize', size=224),
            dict(type='Normalize', **img_norm_cfg),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='Collect', keys=['img'])]
        data = dict(samples_per_gpu=128, train=dict(pipeline=train_pipeline),
                    val=dict(pipeline=test_pipeline), test=dict(pipeline=test_pipeline))
        optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001)
        optimizer_config = dict(grad_clip=None)
        lr_config = dict(policy='step', step=[15])
        runner = dict(type='EpochBasedRunner', max_epochs=200)
        log_config = dict(interval=100)
        """
    )
    dataset = cfg.train_dataloader.dataset
    assert (dataset.type, dataset.data_root, dataset.split) == ("CIFAR10", "data/cifar10", "train")
    assert [step.type for step in dataset.pipeline] == ["RandomCrop", "RandomFlip", "Resize", "PackInputs"]
    assert cfg.val_dataloader.dataset.split == "test"
    assert cfg.train_dataloader.batch_size == cfg.test_dataloader.batch_size == 128
    assert cfg.data_preprocessor == dict(
        num_classes=10, mean=[125.307, 122.961, 113.8575], std=[51.5865, 50.847, 51.255], to_rgb=False
    )
    assert cfg.optim_wrapper.optimizer.lr == 0.01
    assert cfg.param_scheduler[0].milestones == [15]
    assert cfg.train_cfg.max_epochs == 200
    assert cfg.default_hooks.logger.interval == 100
    assert cfg.default_hooks.timer.type == "IterTimerHook"
    assert validate(cfg, files=False) == []


def test_partial_changes_of_a_zoo_config():
    cfg = load(
        """
        _base_ = 'mmpretrain::resnet/resnet50_8xb32_in1k.py'
        runner = dict(max_epochs=300)
        lr_config = dict(step=[150, 200, 250])
        data = dict(train=dict(data_prefix='mydata/train'),
                    val=dict(data_prefix='mydata/val', ann_file='v.txt'))
        optimizer = dict(lr=0.5)
        """
    )
    assert cfg.train_cfg.max_epochs == 300
    assert cfg.param_scheduler[0] == dict(
        type="MultiStepLR", milestones=[150, 200, 250], by_epoch=True, gamma=0.1
    )
    train = cfg.train_dataloader.dataset
    assert (train.data_prefix, "data_root" in train, "split" in train) == ("mydata/train", False, False)
    assert train.pipeline[1].type == "RandomResizedCrop"
    assert cfg.val_dataloader.dataset.ann_file == "v.txt"
    assert cfg.optim_wrapper.optimizer == dict(type="SGD", lr=0.5, momentum=0.9, weight_decay=0.0001)
    other = load(
        """
        _base_ = 'mmpretrain::resnet/resnet50_8xb32_in1k.py'
        data = dict(train=dict(type='MyFilelist', data_prefix='my/train', ann_file='my/train.txt'))
        """
    ).train_dataloader.dataset
    assert (other.type, other.data_prefix) == ("MyFilelist", "my/train")
    assert other.pipeline[-1].type == "PackInputs"
    assert not {"data_root", "split"} & other.keys()
    cifar = load(
        "_base_ = 'mmpretrain::_base_/datasets/cifar10_bs16.py'\n"
        "data = dict(train=dict(data_prefix='here'))\n"
    ).train_dataloader.dataset
    assert (cifar.type, cifar.data_root, cifar.split) == ("CIFAR10", "here", "train")
    cosine = load(
        """
        _base_ = 'mmpretrain::resnet/resnet50_8xb32_in1k.py'
        lr_config = dict(_delete_=True, policy='CosineAnnealing', min_lr=0, warmup='linear', by_epoch=True,
                         warmup_iters=5, warmup_ratio=0.1)
        """
    )
    assert [item.type for item in cosine.param_scheduler] == ["LinearLR", "CosineAnnealingLR"]


def test_old_options_on_the_command_line():
    cfg = load(WHOLE)
    cfg.merge_from_dict(
        {
            "data.samples_per_gpu": 5,
            "data.train.pipeline.2.flip_prob": 0.0,
            "workflow": [("train", 1), ("val", 1)],
            "runner.max_epochs": 3,
            "model.head.num_classes": 4,
        }
    )
    assert cfg.train_dataloader.batch_size == 5
    assert cfg.train_dataloader.dataset.pipeline[2].prob == 0.0
    assert cfg.train_cfg.max_epochs == 3
    assert cfg.model.head.num_classes == 4
    hook = cfg.custom_hooks[0]
    assert (hook.type, hook.interval, hook.rounds) == ("ValLossHook", 1, 1)
    assert hook.dataloader.dataset.data_prefix == "data/val"
    assert hook.dataloader.dataset.pipeline == cfg.train_dataloader.dataset.pipeline
    cfg.merge_from_dict({"optimizer.lr": 7})
    assert (cfg.optim_wrapper.optimizer.lr, cfg.model.head.num_classes) == (7, 4)
    new = load("_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'\n")
    new.merge_from_dict({"data.samples_per_gpu": 9, "evaluation.interval": 2})
    new = new.modern()
    assert (new.train_dataloader.batch_size, new.train_cfg.val_interval) == (9, 2)


def test_a_script_reads_and_changes_the_old_keys(write):
    cfg = Config.fromfile(write("old.py", WHOLE.lstrip()))
    assert cfg.data.samples_per_gpu == 32
    assert cfg.data.train.pipeline[0].type == "LoadImageFromFile"
    cfg.data.samples_per_gpu = 16
    cfg.lr_config.step = [1, 2]
    cfg.optimizer.lr = 0.5
    cfg.runner.max_epochs = 3
    cfg.merge_from_dict({"data.workers_per_gpu": 0})
    new = cfg.modern()
    assert cfg.data.samples_per_gpu == 16
    assert new.train_dataloader.batch_size == 16
    assert new.train_dataloader.num_workers == 0
    assert new.param_scheduler[0].milestones == [1, 2]
    assert new.optim_wrapper.optimizer.lr == 0.5
    assert new.train_cfg.max_epochs == 3
    assert "data" not in new
    assert new.modern() is new
