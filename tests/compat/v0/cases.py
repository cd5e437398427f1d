"""What the tests of configs of 0.x share."""

from __future__ import annotations

import textwrap

from mmpretrain.config import Config

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

MODEL = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, num_stages=4, out_indices=(3, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=512,
              loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1, 5)))
"""

DATA = """
data = dict(
    samples_per_gpu=32,
    workers_per_gpu=2,
    train=dict(type='ImageNet', data_prefix='data/train', pipeline=train_pipeline),
    val=dict(type='ImageNet', data_prefix='data/val', ann_file='data/val.txt', pipeline=test_pipeline),
    test=dict(type='ImageNet', data_prefix='data/val', ann_file='data/val.txt', pipeline=test_pipeline))
evaluation = dict(interval=1, metric='accuracy')
"""

SCHEDULE = """
optimizer = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[30, 60, 90])
runner = dict(type='EpochBasedRunner', max_epochs=100)
"""

RUNTIME = """
checkpoint_config = dict(interval=1)
log_config = dict(interval=100, hooks=[dict(type='TextLoggerHook')])
dist_params = dict(backend='nccl')
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
work_dir = 'work_dir'
"""

WHOLE = PIPELINES + MODEL + DATA + SCHEDULE + RUNTIME


def load(text: str) -> Config:
    return Config.fromstring(textwrap.dedent(text), ".py").modern()
