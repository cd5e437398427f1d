"""A loss and a metric of one's own, for classes that have an order (ages, grades, digits).

After a tutorial on guessing the age of pets: labels are smoothed with a bell curve over neighbouring classes,
and what counts is how many classes the prediction is off.
"""

from __future__ import annotations

import sys

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner
from mmpretrain.registry import METRICS, MODELS

#: What a user writes next to the config.
MODULE = '''
import torch
import torch.nn as nn

from mmpretrain.evaluation import Accuracy
from mmpretrain.models.losses import soft_cross_entropy, weighted_loss
from mmpretrain.registry import METRICS, MODELS


@weighted_loss
def gauss_smooth_loss(pred, target, std):
    classes = torch.arange(pred.size(1), device=pred.device)
    bell = torch.exp(-(((classes - target[:, None]) / std) ** 2) / 2)
    return soft_cross_entropy(pred, bell / bell.sum(1, keepdim=True), reduction='none')


@MODELS.register_module()
class GaussSmoothLoss(nn.Module):

    def __init__(self, std=2, num_samples=11, loss_weight=1.0, reduction='mean'):
        super().__init__()
        self.std = std
        self.num_samples = num_samples
        self.loss_weight = loss_weight
        self.reduction = reduction

    def forward(self, cls_score, label, weight=None, avg_factor=None, reduction_override=None, **kwargs):
        reduction = reduction_override or self.reduction
        return self.loss_weight * gauss_smooth_loss(
            cls_score, label, weight, reduction=reduction, avg_factor=avg_factor, std=self.std)


@METRICS.register_module()
class self_Accuracy(Accuracy):
    """How far the mean of the best three classes is from the right one."""

    @staticmethod
    def calculate(pred, target, topk=(1, ), thrs=(0., )):
        best = pred.topk(3, dim=1).indices.float().mean(1)
        error = (best.floor() - target).abs().mean()
        return [[error] for _ in topk]
'''

CONFIG = """
custom_imports = dict(imports=['pet_age'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(num_classes=10, mean=[77.8], std=[95.9]),
    backbone=dict(type='LeNet5'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=120,
        loss=dict(type='GaussSmoothLoss', std=1, loss_weight=1.0, num_samples=11, reduction='mean'),
        topk=(10, ),
    ))
pipeline = [dict(type='Resize', scale=32), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=32, num_workers=0,
    dataset=dict(type='Digits', split='train', indices=640, pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=128, num_workers=0,
    dataset=dict(type='Digits', split='val', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = [
    dict(type='self_Accuracy', topk=(10, )),
    dict(type='Accuracy', prefix='plain'),
]
optim_wrapper = dict(optimizer=dict(type='Adam', lr=2e-3))
train_cfg = dict(by_epoch=True, max_epochs=3, val_interval=3)
val_cfg = dict()
default_scope = 'mmpretrain'
randomness = dict(seed=0)
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    (tmp_path / "pet_age.py").write_text(MODULE)
    (tmp_path / "config.py").write_text(CONFIG)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Config.fromfile(str(tmp_path / "config.py"))
    for registry, name in ((MODELS, "GaussSmoothLoss"), (METRICS, "self_Accuracy")):
        registry.module_dict.pop(name, None)
    sys.modules.pop("pet_age", None)


def test_ordered_classes(config, tmp_path):
    config.work_dir = str(tmp_path / "work")
    runner = Runner.from_cfg(config)
    runner.train()
    values = runner.val()
    assert set(values) == {"accuracy/top10", "plain/top1"}
    assert values["accuracy/top10"] < 2.0, "classes off; guessing gives 3.3"
    assert values["plain/top1"] > 30


def test_loss_is_smallest_at_the_bell_curve(config):
    loss = MODELS.build(config.model.head.loss)
    label = torch.tensor([4])
    bell = -((torch.arange(10.0) - 4) ** 2) / 2
    best = loss(bell[None], label)
    assert best < loss(bell[None] * 3, label)
    assert best < loss(bell[None].roll(1, 1), label)
    assert loss(bell[None], label, avg_factor=2).item() == pytest.approx(best.item() / 2)
