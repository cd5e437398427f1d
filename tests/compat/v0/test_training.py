"""A config for MMClassification 0.x trains."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain.config import Config
from mmpretrain.engine.hooks.val_loss import ValLossHook, mean_losses
from mmpretrain.errors import ConfigError

OLD = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=2),
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1, )))
img_norm_cfg = dict(mean=[33.46], std=[78.87], to_rgb=False)
load = dict(type='LoadImageFromFile', color_type='grayscale')
train_pipeline = [
    load, dict(type='Resize', size=32), dict(type='RandomFlip', flip_prob=0.5),
    dict(type='Normalize', **img_norm_cfg), dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img', 'gt_label'])]
test_pipeline = [
    load, dict(type='Resize', size=32), dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])]
data = dict(
    samples_per_gpu=4, workers_per_gpu=0,
    train=dict(type='RepeatDataset', times=2, dataset=dict(
        type='CustomDataset', data_prefix='images', pipeline=train_pipeline)),
    val=dict(type='CustomDataset', data_prefix='images', pipeline=test_pipeline, test_mode=True),
    test=dict(type='CustomDataset', data_prefix='images', pipeline=test_pipeline, test_mode=True))
evaluation = dict(interval=1, metric='accuracy', metric_options={'topk': (1, )}, save_best='accuracy_top-1')
optimizer = dict(type='SGD', lr=0.01, weight_decay=1e-4, paramwise_cfg=dict(bias_decay_mult=0.))
optimizer_config = dict(grad_clip=dict(max_norm=5))
lr_config = dict(policy='CosineAnnealing', min_lr_ratio=0.1, by_epoch=False, warmup='exp', warmup_iters=1,
                 warmup_ratio=0.1, warmup_by_epoch=True)
runner = dict(type='EpochBasedRunner', max_epochs=2)
checkpoint_config = dict(interval=1, max_keep_ckpts=1)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
custom_hooks = [dict(type='EMAHook', momentum=0.1, priority='HIGH')]
workflow = [('train', 1), ('val', 1)]
work_dir = 'work'
seed = 0
"""


@pytest.fixture
def images(write):
    import cv2

    for index in range(8):
        path = Path("images", f"class{index % 2}", f"{index}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.full((32, 32), 255 * (index % 2), np.uint8)
        cv2.imwrite(str(path), image)


def test_an_old_config_trains(write, images, caplog):
    from mmpretrain.engine.runner import Runner

    cfg = Config.fromfile(write("old.py", OLD), translate=True)
    with caplog.at_level(logging.INFO, "mmpretrain"):
        runner = Runner.from_cfg(cfg)
        runner.logger.propagate = True
        runner.train()
    assert runner.iter == 2 * 16 // 4
    assert list(Path("work").glob("best_accuracy_top1*.pth"))
    assert Path("work/epoch_2.pth").is_file()
    assert not Path("work/epoch_1.pth").exists()
    losses = [record.message for record in caplog.records if "Epoch(val)" in record.message]
    assert any("loss: " in line for line in losses)


class Counting(nn.Module):
    """Says how large a batch is, and in which mode it was."""

    def forward(self, inputs, mode):
        return {"loss": inputs.mean(), "training": torch.tensor(float(self.training))}

    def data_preprocessor(self, batch, training):
        return batch

    def parse_losses(self, losses):
        return losses["loss"], losses


def test_losses_are_means_over_samples():
    model = Counting().train()
    batches = [dict(inputs=torch.ones(3)), dict(inputs=torch.full((1,), 5.0))]
    assert mean_losses(model, batches) == {"loss": 2.0, "training": 0.0}
    assert model.training
    with pytest.raises(ConfigError, match="must be positive"):
        ValLossHook(dict(), interval=0)
