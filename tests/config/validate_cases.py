"""What the tests of validation share."""

from __future__ import annotations

import textwrap

from mmpretrain.config import Config
from mmpretrain.config.validate import validate

GOOD = textwrap.dedent(
    """
    model = dict(
        type='ImageClassifier',
        backbone=dict(type='LeNet5'),
        head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
    data_preprocessor = dict(mean=[33.46], std=[78.87], num_classes=10)
    pipeline = [dict(type='Resize', scale=32), dict(type='PackInputs')]
    train_dataloader = dict(
        batch_size=4, num_workers=0,
        dataset=dict(type='MNIST', data_root='data/mnist', split='train', pipeline=pipeline),
        sampler=dict(type='DefaultSampler', shuffle=True))
    val_dataloader = dict(
        batch_size=4, num_workers=0,
        dataset=dict(type='CustomDataset', data_prefix='', pipeline=pipeline),
        sampler=dict(type='DefaultSampler', shuffle=False))
    val_evaluator = dict(type='Accuracy', topk=(1, 5))
    optim_wrapper = dict(
        optimizer=dict(type='SGD', lr=0.1), clip_grad=dict(max_norm=1.0),
        paramwise_cfg=dict(norm_decay_mult=0.0))
    param_scheduler = [
        dict(type='LinearLR', start_factor=0.1, by_epoch=True, end=1, convert_to_iter_based=True),
        dict(type='MultiStepLR', milestones=[3])]
    train_cfg = dict(by_epoch=True, max_epochs=5, val_interval=1)
    val_cfg = dict()
    default_hooks = dict(
        timer=dict(type='IterTimerHook'),
        checkpoint=dict(type='CheckpointHook', interval=1, save_best='accuracy/top1'))
    custom_hooks = [dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]
    randomness = dict(seed=0)
    env_cfg = dict(cudnn_benchmark=False, mp_cfg=dict(mp_start_method='fork'))
    """
).lstrip()


def problems(write, text: str) -> list[str]:
    return [str(item) for item in validate(Config.fromfile(write("c.py", text)))]
