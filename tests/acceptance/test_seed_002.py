# ruff: noqa: E501  (code as the tutorial prints it)
"""Notes on MMClassification 0.x: own parts, and training and inference by function calls.

Names of tests say where in the text a step stands. What is a slip in the text (``registry_module``, ``f.readline``)
is written as it was meant.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.acceptance.checkout import LINEAR_HEAD

#: The public names of ``mmcv.runner`` that line 1208 and those below it print.
RUNNER_NAMES = """
    BaseModule ModuleDict ModuleList Sequential CheckpointLoader _load_checkpoint _load_checkpoint_with_prefix
    load_checkpoint load_state_dict save_checkpoint weights_to_cpu allreduce_grads allreduce_params get_dist_info
    init_dist master_only auto_fp16 force_fp32 wrap_fp16_model HOOKS CheckpointHook DistSamplerSeedHook EMAHook Hook
    IterTimerHook LoggerHook SyncBuffersHook IterLoader OPTIMIZER_BUILDERS OPTIMIZERS DefaultOptimizerConstructor
    build_optimizer Priority get_priority set_random_seed RUNNERS
""".split()

PARTS = (
    """
import mmcv
import numpy as np
import torch
import torch.nn as nn
from mmcv.cnn import build_conv_layer, build_norm_layer, normal_init
from mmcv.runner import HOOKS, OPTIMIZERS, Hook
from torch.optim import Optimizer

from mmcls.datasets import PIPELINES
from mmcls.datasets.base_dataset import BaseDataset
from mmcls.datasets.builder import DATASETS
from mmcls.models.builder import BACKBONES, HEADS, LOSSES, NECKS
from mmcls.models.backbones.resnet import ResNet
from mmcls.models.heads.cls_head import ClsHead
from mmcls.models.losses.utils import weighted_loss

calls = []


@DATASETS.register_module()
class Filelist(BaseDataset):
    CLASSES = ['dark', 'light']

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


@PIPELINES.register_module()
class MyTransform(object):
    def __call__(self, results):
        calls.append(('transform', results['img'].shape, results['img_info']['filename']))
        return results


@BACKBONES.register_module()
class OwnResNet(ResNet):
    def __init__(self, depth, deep_stem=False, **kwargs):
        super(OwnResNet, self).__init__(depth, deep_stem=deep_stem, **kwargs)
        assert not self.deep_stem

    def _make_stem_layer(self, in_channels, base_channels):
        self.conv1 = build_conv_layer(
            self.conv_cfg, in_channels, base_channels, kernel_size=3, stride=1, padding=1, bias=False)
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)


@NECKS.register_module()
class OwnPooling(nn.Module):
    def __init__(self):
        super().__init__()
        self.gap = nn.AdaptiveAvgPool2d((1, 1))

    def forward(self, inputs):
        outs = self.gap(inputs[-1] if isinstance(inputs, tuple) else inputs)
        return outs.view(outs.size(0), -1)


"""
    + LINEAR_HEAD
    + """

@weighted_loss
def own_l1_loss(pred, target):
    one_hot = torch.nn.functional.one_hot(target, pred.size(1))
    return torch.abs(torch.softmax(pred, 1) - one_hot).sum(1)


@LOSSES.register_module()
class OwnL1Loss(nn.Module):
    def __init__(self, reduction='mean', loss_weight=1.0):
        super(OwnL1Loss, self).__init__()
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(self, pred, target, weight=None, avg_factor=None, reduction_override=None):
        assert reduction_override in (None, 'none', 'mean', 'sum')
        reduction = (reduction_override if reduction_override else self.reduction)
        return self.loss_weight * own_l1_loss(pred, target, weight, reduction=reduction, avg_factor=avg_factor)


@OPTIMIZERS.register_module()
class MyOptimizer(torch.optim.SGD):
    def __init__(self, params, a, b, c):
        super().__init__(params, lr=a, momentum=b, weight_decay=c)


@HOOKS.register_module()
class MyHook(Hook):
    def __init__(self, a, b):
        self.a = a

    def before_run(self, runner):
        calls.append('before_run')

    def after_run(self, runner):
        calls.append('after_run')

    def before_epoch(self, runner):
        calls.append(('before_epoch', runner.epoch))

    def after_iter(self, runner):
        if self.every_n_iters(runner, self.a):
            calls.append(('every', runner.iter))
"""
)

CONFIG = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='OwnResNet', depth=18, stem_channels=4, base_channels=4, out_indices=(3, )),
    neck=dict(type='OwnPooling'),
    head=dict(type='OwnLinearClsHead', num_classes=2, in_channels=32, loss=dict(type='OwnL1Loss'), topk=(1, )))
dataset_type = 'Filelist'
img_norm_cfg = dict(mean=[128.0, 128.0, 128.0], std=[64.0, 64.0, 64.0], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='MyTransform'),
    dict(type='RandomResizedCrop', size=32),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label'])]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', size=(32, 32)),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img'])]
data = dict(
    samples_per_gpu=4,
    workers_per_gpu=0,
    train=dict(type=dataset_type, data_prefix='data', ann_file='list.txt', pipeline=train_pipeline),
    val=dict(type=dataset_type, data_prefix='data', ann_file='list.txt', pipeline=test_pipeline, test_mode=True),
    test=dict(type=dataset_type, data_prefix='data', ann_file='list.txt', pipeline=test_pipeline, test_mode=True))
evaluation = dict(interval=1, metric='accuracy', metric_options=dict(topk=(1, )))
optimizer = dict(type='MyOptimizer', a=0.05, b=0.9, c=0.0)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[5])
runner = dict(type='EpochBasedRunner', max_epochs=9)
checkpoint_config = dict(interval=1)
log_config = dict(interval=2, hooks=[dict(type='TextLoggerHook')])
custom_hooks = [dict(type='MyHook', a=2, b=0)]
custom_imports = dict(imports=['parts_of_the_notes'], allow_failed_imports=False)
dist_params = dict(backend='nccl')
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    random = np.random.RandomState(0)
    lines = []
    (tmp_path / "data").mkdir()
    for number in range(8):
        image = random.randint(0, 60, (40, 40, 3)) + 180 * (number % 2)
        cv2.imwrite(str(tmp_path / "data" / f"{number:06d}.jpg"), image.astype(np.uint8))
        lines.append(f"{number:06d}.jpg {number % 2}\n")
    (tmp_path / "list.txt").write_text("".join(lines))
    (tmp_path / "parts_of_the_notes.py").write_text(PARTS)
    (tmp_path / "cfg.py").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_line_1208_names_of_mmcv_runner():
    import mmcv.runner

    assert [name for name in RUNNER_NAMES if not hasattr(mmcv.runner, name)] == []


def test_line_2593_training_by_calls(folder):
    """A config is read and changed; model and data are built; the run is a function call; the model predicts."""
    import mmcv
    from mmcls.apis import inference_model, show_result_pyplot, train_model
    from mmcls.datasets import build_dataset
    from mmcls.models import build_classifier

    cfg = mmcv.Config.fromfile("cfg.py")
    cfg.data.samples_per_gpu = 2
    cfg.data.train.pipeline[3].flip_prob = 0.0
    cfg.lr_config.step = [2]
    cfg.optimizer.a = 0.02
    cfg.runner.max_epochs = 3
    cfg.log_config.interval = 1
    cfg.work_dir = "work"
    cfg.gpu_ids = range(1)
    cfg.seed = 0
    mmcv.mkdir_or_exist(str(Path(cfg.work_dir).absolute()))
    model = build_classifier(cfg.model)
    model.init_weights()
    before = model.head.fc.weight.detach().clone()
    datasets = [build_dataset(cfg.data.train)]
    model.CLASSES = datasets[0].CLASSES
    train_model(
        model,
        datasets,
        cfg,
        distributed=False,
        validate=True,
        timestamp=time.strftime("%Y%m%d_%H%M%S", time.localtime()),
        meta=dict(),
    )
    import parts_of_the_notes

    assert parts_of_the_notes.calls[0] == "before_run"
    assert parts_of_the_notes.calls[-1] == "after_run"
    assert [call[1] for call in parts_of_the_notes.calls if call[0] == "before_epoch"] == [0, 1, 2]
    assert [call[1] for call in parts_of_the_notes.calls if call[0] == "every"] == [1, 3, 5, 7, 9, 11]
    assert {call[2] for call in parts_of_the_notes.calls if call[0] == "transform"} >= {
        "000000.jpg",
        "000007.jpg",
    }
    assert (folder / "work" / "epoch_3.pth").is_file()
    assert not torch.equal(before, model.head.fc.weight), "the script's own model has been trained"
    assert model.backbone.conv1.kernel_size == (3, 3), "the stem is the script's own"
    assert model.data_preprocessor.mean.flatten().tolist() == [128.0] * 3
    img = mmcv.imread("data/000001.jpg")
    result = inference_model(model, img)
    assert result["pred_class"] in ("dark", "light")
    drawn = show_result_pyplot(model, img, result, show=False, out_file="out.png")
    assert drawn.shape == img.shape


def test_line_2558_inference_by_calls(folder):
    """``mmpretrain train`` on the file, then ``init_model`` with options, and a forward pass."""
    command = [sys.executable, "-m", "mmpretrain", "train", "cfg.py", "--work-dir", "work", "--cfg-options"]
    out = subprocess.run([*command, "runner.max_epochs=1"], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stdout + out.stderr
    script = textwrap.dedent(
        """
        import torch
        from mmcls.apis import inference_model, init_model
        model = init_model('cfg.py', 'work/epoch_1.pth', device='cpu', options={'model.head.topk': (1, )})
        print(model.CLASSES, model.cfg.data.samples_per_gpu)
        print(len(model(return_loss=False, img=torch.zeros(2, 3, 32, 32))))
        print(sorted(inference_model(model, 'data/000001.jpg')))
        """
    )
    (folder / "infer.py").write_text(script)
    out = subprocess.run(
        [sys.executable, "-m", "mmpretrain", "run", "infer.py"], capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr
    lines = out.stdout.strip().splitlines()
    assert lines[0] == "('dark', 'light') 4"
    assert lines[1] == "2"
    assert "pred_class" in lines[2]
