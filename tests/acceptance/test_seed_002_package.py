# ruff: noqa: E501  (code as the tutorial prints it)
"""Notes on MMClassification 0.x: own parts in the files that the text names, registered the way that it says.

The text puts each part into a file of the package ``mmcls`` and lists it in the ``__init__.py`` of its folder. Both
readings are tried: files in a folder ``mmcls`` of the user, and the same files in this package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.acceptance.checkout import LINEAR_HEAD, REPO, Checkout, listed

#: Lines 1150 to 1700 of the text: file of the part -> its code, as printed (slips of the pen corrected).
PARTS = {
    "datasets/filelist.py": """
import mmcv
import numpy as np

from .builder import DATASETS
from .base_dataset import BaseDataset

@DATASETS.register_module()
class Filelist(BaseDataset):
    def load_annotations(self):
        assert isinstance(self.ann_file, str)
        data_infos = []
        with open(self.ann_file) as f:
            samples = [x.strip().split(' ') for x in f.readlines()]
            for filename, gt_label in samples:
                info = {'img_prefix': self.data_prefix}
                info['img_info'] = {'filename': filename}
                info['gt_label'] = np.array(gt_label, dtype=np.int64)
                data_infos.append(info)
            return data_infos
""",
    "datasets/pipelines/my_pipeline.py": """
from mmcls.datasets import PIPELINES

@PIPELINES.register_module()
class MyTransform(object):
    def __call__(self, results):
        assert results['img'].ndim == 3
        return results
""",
    "models/backbones/resnet_cifar_own.py": """
import torch.nn as nn
from mmcv.cnn import build_conv_layer, build_norm_layer
from ..builder import BACKBONES
from .resnet import ResNet

@BACKBONES.register_module()
class OwnResNet_CIFAR(ResNet):
    def __init__(self, depth, deep_stem=False, **kwargs):
        super(OwnResNet_CIFAR, self).__init__(depth, deep_stem=deep_stem, **kwargs)
        assert not self.deep_stem, 'ResNet_CIFAR do not support deep_stem'

    def _make_stem_layer(self, in_channels, base_channels):
        self.conv1 = build_conv_layer(
            self.conv_cfg,
            in_channels,
            base_channels,
            kernel_size=3,
            stride=1,
            padding=1,
            bias=False
        )
        self.norm1_name, norm1 = build_norm_layer(
            self.norm_cfg, base_channels, postfix=1
        )
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.norm1(self.conv1(x)))
        outs = []
        for i, layer_name in enumerate(self.res_layers):
            x = getattr(self, layer_name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def init_weights(self, pretrained=None):
        super().init_weights()

    def train(self, mode=True):
        super().train(mode)
""",
    "models/necks/own_gap.py": """
import torch.nn as nn

from ..builder import NECKS

@NECKS.register_module()
class OwnGlobalAveragePooling(nn.Module):
    def __init__(self):
        super().__init__()
        self.gap = nn.AdaptiveAvgPool2d((1, 1))

    def forward(self, inputs):
        inputs = inputs[-1]
        outs = self.gap(inputs)
        outs = outs.view(inputs.size(0), -1)
        return outs
""",
    "models/heads/own_linear_head.py": """
import torch.nn as nn
from mmcv.cnn import normal_init

from ..builder import HEADS
from .cls_head import ClsHead

"""
    + LINEAR_HEAD,
    "models/losses/l1_loss.py": """
import torch
import torch.nn as nn

from ..builder import LOSSES
from .utils import weighted_loss

@weighted_loss
def l1_loss(pred, target):
    target = nn.functional.one_hot(target, pred.size(1))
    assert pred.size() == target.size() and target.numel() > 0
    loss = torch.abs(pred - target)
    return loss.sum(1)

@LOSSES.register_module()
class L1Loss(nn.Module):
    def __init__(self, reduction='mean', loss_weight=1.0):
        super(L1Loss, self).__init__()
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(self,
                pred,
                target,
                weight=None,
                avg_factor=None,
                reduction_override=None):
        assert reduction_override in (None, 'none', 'mean', 'sum')
        reduction = (
            reduction_override if reduction_override else self.reduction
        )
        loss = self.loss_weight * l1_loss(
            pred, target, weight, reduction=reduction, avg_factor=avg_factor)
        return loss
""",
    "core/optimizer/my_optimizer.py": """
from mmcv.runner import OPTIMIZERS
from torch.optim import SGD


@OPTIMIZERS.register_module()
class MyOptimizer(SGD):

    def __init__(self, params, a, b, c):
        super().__init__(params, lr=a, momentum=b, weight_decay=c)
""",
    "core/utils/my_hook.py": """
from mmcv.runner import HOOKS, Hook

@HOOKS.register_module()
class MyHook(Hook):
    def __init__(self, a, b):
        pass

    def before_run(self, runner):
        print('before_run')

    def after_run(self, runner):
        print('after_run')

    def before_epoch(self, runner):
        print('before_epoch', runner.epoch)

    def after_epoch(self, runner):
        print('after_epoch')

    def before_iter(self, runner):
        print('before_iter', runner.inner_iter)

    def after_iter(self, runner):
        print('after_iter', runner.iter)
""",
}
NAMES = {
    "datasets/filelist.py": "Filelist",
    "datasets/pipelines/my_pipeline.py": "MyTransform",
    "models/backbones/resnet_cifar_own.py": "OwnResNet_CIFAR",
    "models/necks/own_gap.py": "OwnGlobalAveragePooling",
    "models/heads/own_linear_head.py": "OwnLinearClsHead",
    "models/losses/l1_loss.py": "L1Loss",
    "core/optimizer/my_optimizer.py": "MyOptimizer",
    "core/utils/my_hook.py": "MyHook",
}
#: Where the folders of mmcls are in this package.
TODAY = {
    "datasets/pipelines": "datasets/transforms",
    "core/optimizer": "engine/optimizers",
    "core/utils": "engine/hooks",
}

CONFIG = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='OwnResNet_CIFAR', depth=18, base_channels=8, stem_channels=8),
    neck=dict(type='OwnGlobalAveragePooling'),
    head=dict(type='OwnLinearClsHead', num_classes=4, in_channels=64, topk=(1, ), loss=dict(type='L1Loss', loss_weight=1.0)))
img_norm_cfg = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', size=32),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='MyTransform'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label'])
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', size=32),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img'])
]
images = dict(type='Filelist', data_prefix='images', ann_file='image_list.txt')
data = dict(
    samples_per_gpu=4, workers_per_gpu=0,
    train=dict(**images, pipeline=train_pipeline),
    val=dict(**images, pipeline=test_pipeline), test=dict(**images, pipeline=test_pipeline))
evaluation = dict(interval=1, metric='accuracy', metric_options={'topk': (1, )})
optimizer = dict(type='MyOptimizer', a=0.01, b=0.9, c=0.0)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[30, 60, 90])
runner = dict(type='EpochBasedRunner', max_epochs=1)
custom_hooks = [
    dict(type='MyHook', a=1, b=2, priority='NORMAL')
]
"""


def write_parts(checkout, package, today):
    """Write each part, and list it in the ``__init__.py`` of its folder."""
    for path, code in PARTS.items():
        folder, _, file = path.rpartition("/")
        folder = today.get(folder, folder)
        name = NAMES[path]
        checkout.write(f"{package}/{folder}/{file}", code)
        init = checkout.folder / package / folder / "__init__.py"
        with init.open("a") as listing:
            listing.write(f"\nfrom .{file.removesuffix('.py')} import {name}\n\n__all__ = [{name!r}]\n")


@pytest.mark.parametrize("package", ["mmcls", "mmpretrain"])
def test_line_1150_parts_in_the_files_of_the_text(tmp_path, package):
    checkout = Checkout(tmp_path / "mmclassification")
    listed(checkout.folder / "images", checkout.folder / "image_list.txt", 8, classes=4)
    config = CONFIG
    path = [str(REPO)]
    if package == "mmpretrain":
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPO / "mmpretrain", checkout.folder / "mmpretrain", ignore=ignored)
        write_parts(checkout, package, TODAY)
        path = [str(checkout.folder)]
    else:  # nobody imports a folder of the user, if the config does not say so
        write_parts(checkout, package, {})
        modules = [f"mmcls.{file.removesuffix('.py').replace('/', '.')}" for file in PARTS]
        config += f"custom_imports = dict(imports={modules}, allow_failed_imports=False)\n"
    checkout.write("configs/mine.py", config)
    out = subprocess.run(
        [sys.executable, "tools/train.py", "configs/mine.py", "--work-dir", "work"],
        cwd=checkout.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    text = out.stdout + out.stderr
    assert out.returncode == 0, text
    assert (checkout.folder / "work/epoch_1.pth").is_file()
    for line in ("before_run", "before_epoch 0", "before_iter 1", "after_iter 1", "after_epoch", "after_run"):
        assert f"\n{line}\n" in text, line
    assert "accuracy/top1" in text
