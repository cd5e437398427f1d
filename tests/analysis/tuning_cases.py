"""A config that trains in a second."""

from __future__ import annotations

from pathlib import Path

from mmpretrain.config import Config

TEXT = """\
model = dict(
    type='ImageClassifier', backbone=dict(type='LeNet5'), neck=dict(type='GlobalAveragePooling'),
    head=dict(type='StackedLinearClsHead', num_classes=10, in_channels=120, mid_channels=[16],
              loss=dict(type='CrossEntropyLoss')))
data_preprocessor = dict(mean=[33.46], std=[78.87], num_classes=10)
pipeline = [dict(type='Resize', scale=32), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=16, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='Digits', split='train', indices=160, pipeline=pipeline))
val_dataloader = dict(
    batch_size=64, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='Digits', split='val', indices=100, pipeline=pipeline))
val_evaluator = dict(type='Accuracy', topk=(1, ))
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
train_cfg = dict(by_epoch=True, max_epochs=2)
val_cfg = dict()
default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best='accuracy/top1'))
randomness = dict(seed=1)
"""


def small_config(folder: Path) -> Config:
    """Write the config, and read it."""
    path = folder / "small.py"
    path.write_text(TEXT)
    return Config.fromfile(path)
