# ruff: noqa: E501  (code as the tutorial prints it)
"""Notes on training with MMPretrain 1.x: guessing the age of pets with a loss and a metric of one's own.

Names of tests say which section of the text a step stands in. Steps that need the package's own files to be edited
run in a copy of it.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import subprocess
import sys

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.engine.runner import Runner
from mmpretrain.registry import MODELS, TRANSFORMS
from tests.acceptance.checkout import REPO, Checkout, folders, listed

#: Section 2, (2): the whole of ``mmpretrain/models/losses/__init__.py``.
LOSSES_INIT = """
from .asymmetric_loss import AsymmetricLoss, asymmetric_loss
from .cae_loss import CAELoss
from .cosine_similarity_loss import CosineSimilarityLoss
from .cross_correlation_loss import CrossCorrelationLoss
from .cross_entropy_loss import (CrossEntropyLoss, binary_cross_entropy,
                                 cross_entropy)
from .focal_loss import FocalLoss, sigmoid_focal_loss
from .label_smooth_loss import LabelSmoothLoss
from .reconstruction_loss import PixelReconstructionLoss
from .seesaw_loss import SeesawLoss
from .swav_loss import SwAVLoss
from .crossentropy_partentropy_loss import GaussSmoothLoss
from .utils import (convert_to_one_hot, reduce_loss, weight_reduce_loss,
                    weighted_loss)


__all__ = [
    'asymmetric_loss',
    'AsymmetricLoss',
    'cross_entropy',
    'binary_cross_entropy',
    'CrossEntropyLoss',
    'reduce_loss',
    'weight_reduce_loss',
    'LabelSmoothLoss',
    'weighted_loss',
    'FocalLoss',
    'sigmoid_focal_loss',
    'convert_to_one_hot',
    'SeesawLoss',
    'CAELoss',
    'CosineSimilarityLoss',
    'CrossCorrelationLoss',
    'PixelReconstructionLoss',
    'SwAVLoss',
    'GaussSmoothLoss',
]
"""

LOSS = """
import torch
import torch.nn as nn
import torch.nn.functional as F

from mmpretrain.registry import MODELS
from .utils import weight_reduce_loss


@MODELS.register_module()
class GaussSmoothLoss(nn.Module):

    def __init__(self, std=2, num_samples=11, loss_weight=1.0, reduction='mean'):
        super().__init__()
        self.std = std
        self.num_samples = num_samples
        self.loss_weight = loss_weight
        self.reduction = reduction

    def forward(self, cls_score, label, weight=None, avg_factor=None, reduction_override=None, **kwargs):
        reduction = reduction_override if reduction_override else self.reduction
        classes = torch.arange(cls_score.size(1), device=cls_score.device)
        bell = torch.exp(-((classes - label[:, None]) / self.std) ** 2 / 2)
        loss = -(bell / bell.sum(1, keepdim=True) * F.log_softmax(cls_score, 1)).sum(1)
        return self.loss_weight * weight_reduce_loss(loss, weight, reduction, avg_factor)
"""

#: Section 3, (2): the method as printed, in a class that derives from ``Accuracy``.
METRIC = """
from typing import List, Sequence, Union

import numpy as np
import torch

from mmpretrain.registry import METRICS
from .single_label import Accuracy, to_tensor


@METRICS.register_module()
class self_Accuracy(Accuracy):

    @staticmethod
    def calculate(
        pred: Union[torch.Tensor, np.ndarray, Sequence],
        target: Union[torch.Tensor, np.ndarray, Sequence],
        topk: Sequence[int] = (1, ),
        thrs: Sequence[Union[float, None]] = (0., ),
    ) -> Union[torch.Tensor, List[List[torch.Tensor]]]:

        pred = to_tensor(pred)
        target = to_tensor(target).to(torch.int64)
        num = pred.size(0)
        assert pred.size(0) == target.size(0), \
            f"The size of pred ({pred.size(0)}) doesn't match "\
            f'the target ({target.size(0)}).'

        if pred.ndim == 1:
            # For pred label, ignore topk and acc
            pred_label = pred.int()
            correct = pred.eq(target).float().sum(0, keepdim=True)
            acc = correct.mul_(100. / num)
            return acc
        else:
            # For pred score, calculate on all topk and thresholds.
            pred = pred.float()
            maxk = max(topk)
            if maxk > pred.size(1):
                raise ValueError(
                    f'Top-{maxk} accuracy is unavailable since the number of '
                    f'categories is {pred.size(1)}.')

            pred_score, pred_label = pred.topk(maxk,dim=1)
            target_num=target.numpy()
            results = []
            max_index=5
            for k in topk:
                results.append([])
                for thr in thrs:
                    # Only prediction values larger than thr are counted
                    # as correct
                    temp=pred_label[:,:max_index]
                    temp1=pred_label[:,:max_index].numpy()
                    print(temp)
                    temp_argmax=temp.argmax(dim=1).tolist()
                    temp_argmin=temp.argmin(dim=1).tolist()
                    for i in range(pred_label.size(0)):
                        temp[i][temp_argmax[i]]=-1
                        temp[i][temp_argmin[i]]=-1
                    temp=temp.numpy()
                    sum_result=0
                    sum_result1=0
                    sum_result2=0
                    sum_result3=0
                    for i in range(pred_label.size(0)):
                        sum=0
                        for j in range(max_index):
                            if temp[i,j]!=-1:
                                sum=sum+temp[i,j]
                        sum_result=sum_result+abs((int)(np.floor(sum/(max_index-2)))-target_num[i])
                    acc = sum_result/ num
                    results[-1].append(acc)
                    for i in range(pred_label.size(0)):
                        sum_result1=sum_result1+abs(temp1[i][0]-target_num[i])
                    acc1=sum_result1/num
                    results[-1].append(acc1)
                    for i in range(pred_label.size(0)):
                        sum=0
                        for j in range(2):
                           sum=sum+temp1[i][j]
                        sum_result2=sum_result2+abs((int)(np.floor(sum/2))-target_num[i])
                    acc2=sum_result2/num
                    results[-1].append(acc2)
                    for i in range(pred_label.size(0)):
                        sum=0
                        for j in range(3):
                           sum=sum+temp1[i][j]
                        sum_result3=sum_result3+abs((int)(np.floor(sum/3))-target_num[i])
                    acc2=sum_result3/num
                    results[-1].append(acc2)
                print(results)
            return results
"""

#: Sections 1 to 5, narrowed: ``configs/resnet/resnet101_8xb32_custom.py``.
CONFIG = """
_base_ = [
    '../_base_/models/resnet101.py', '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256.py', '../_base_/default_runtime.py'
]
model = dict(
    # type='ImageClassifier',
    backbone=dict(
        frozen_stages=3,
        stem_channels=4, base_channels=2,
        # type='Pretrained',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='data/resnet101_8xb32_in1k_20210831-539c63f8.pth',
            prefix='backbone',
        )),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=192,
        in_channels=64,
        loss=dict(type='GaussSmoothLoss',std=2,loss_weight=1.0,num_samples=11,reduction='mean'),
        topk=(10,),
    ))
dataset_type = 'CustomDataset'
data_preprocessor = dict(num_classes=192, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=32),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=36, edge='short'),
    dict(type='CenterCrop', crop_size=32),
    dict(type='PackInputs'),
]
classid=[str(i) for i in range(192)]
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(
        type=dataset_type, _delete_=True,  # the base is for ImageNet
        data_root='data/petimage',
        ann_file='meta/train1.txt',
        data_prefix='train',
        classes=classid,
        pipeline=train_pipeline,
        with_label=True),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(
        type=dataset_type, _delete_=True,  # the base is for ImageNet
        data_root='data/petimage',
        ann_file='meta/val.txt',
        data_prefix='val',
        classes=classid,
        pipeline=test_pipeline,
        with_label=True),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='self_Accuracy', topk=(10,))
test_evaluator = dict(type='self_Accuracy', topk=(10,))
train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The checkout with the edited package in it, and after one training run."""
    made = Checkout(tmp_path_factory.mktemp("pet_age"))
    package = made.folder / "mmpretrain"
    shutil.copytree(REPO / "mmpretrain", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "models/losses/__init__.py").write_text(LOSSES_INIT)
    (package / "models/losses/crossentropy_partentropy_loss.py").write_text(LOSS)
    (package / "evaluation/metrics/self_accuracy.py").write_text(METRIC)
    with (package / "evaluation/metrics/__init__.py").open("a") as file:
        file.write("\nfrom .self_accuracy import self_Accuracy\n__all__ += ['self_Accuracy']\n")
    for split, count in (("train", 64), ("val", 24)):
        name = "train1" if split == "train" else split
        pets = made.folder / "data/petimage"
        listed(pets / split, pets / f"meta/{name}.txt", count, classes=192)
    backbone = MODELS.build(dict(type="ResNet", depth=101, stem_channels=4, base_channels=2))
    torch.manual_seed(7)
    backbone.init_weights()
    made.pretrained = {f"backbone.{key}": value for key, value in backbone.state_dict().items()}
    torch.save(
        {"state_dict": made.pretrained}, made.folder / "data/resnet101_8xb32_in1k_20210831-539c63f8.pth"
    )
    made.write("configs/pets/resnet101_8xb32_custom.py", CONFIG)
    made.log = in_copy(
        made,
        [sys.executable, "tools/train.py", "configs/pets/resnet101_8xb32_custom.py", "--work-dir", "work"],
    )
    return made


def in_copy(checkout, command, **variables):
    """Run a command with the checkout's own copy of the package, and return what it prints."""
    env = {**os.environ, "PYTHONPATH": str(checkout.folder), "PYTHON": sys.executable, **variables}
    out = subprocess.run(command, cwd=checkout.folder, env=env, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout + out.stderr


def test_2_own_loss_and_frozen_pretrained_backbone(checkout):
    assert "loss: " in checkout.log
    trained = torch.load(checkout.folder / "work/epoch_1.pth", weights_only=False)["state_dict"]
    frozen = [key for key in checkout.pretrained if key.startswith(("backbone.conv1", "backbone.layer3"))]
    assert frozen
    for key in frozen:
        assert torch.equal(trained[key], checkout.pretrained[key]), key
    last = "backbone.layer4.0.conv1.weight"
    assert not torch.equal(trained[last], checkout.pretrained[last])
    assert trained["head.fc.weight"].shape == (192, 64)


def test_3_own_metric(checkout):
    value = re.search(r"accuracy/top10: ([\d.]+)", checkout.log)
    assert value is not None
    assert 0 <= float(value[1]) <= 192, "how many classes the guess is off"


@pytest.mark.slow
def test_7_training_and_testing_with_several_processes(checkout):
    """``dist_train.sh CONFIG 4`` and ``dist_test.sh CONFIG CHECKPOINT 4 --work-dir --out``, with two processes."""
    in_copy(
        checkout,
        [
            "bash",
            "./tools/dist_train.sh",
            "configs/pets/resnet101_8xb32_custom.py",
            "2",
            "--work-dir",
            "dist",
        ],
        PORT="29631",
    )
    in_copy(
        checkout,
        ["bash", "./tools/dist_test.sh", "configs/pets/resnet101_8xb32_custom.py", "dist/epoch_1.pth", "2",
         "--work-dir", "dataload", "--out", "dataload/result7epoch.pkl"],
        PORT="29632",
    )  # fmt: skip
    with (checkout.folder / "dataload/result7epoch.pkl").open("rb") as file:
        results = pickle.load(file)
    assert len(results) == 24
    assert results[0]["pred_score"].shape == (192,)


def test_2_1_types_of_models():
    for name in ("ImageClassifier", "BEiT", "MAE", "MoCo", "ImageToImageRetriever"):
        assert MODELS.get(name) is not None, name


def test_2_3_batch_augments_and_preprocessing(tmp_path):
    """``train_cfg`` mixes images, and the model's own ``data_preprocessor`` comes before the config's."""
    config = Config(
        dict(
            model=dict(
                type="ImageClassifier",
                backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4),
                neck=dict(type="GlobalAveragePooling"),
                head=dict(type="LinearClsHead", num_classes=10, in_channels=32),
                train_cfg=dict(
                    augments=[dict(type="Mixup", alpha=0.8), dict(type="CutMix", alpha=1.0)], probs=[0.3, 0.7]
                ),
                data_preprocessor=dict(
                    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True, num_classes=10
                ),
            ),
            data_preprocessor=dict(mean=[0, 0, 0], std=[1, 1, 1], num_classes=10),
            work_dir=str(tmp_path),
        )
    )
    model = Runner.from_cfg(config).model
    preprocessor = model.data_preprocessor
    assert preprocessor.mean.flatten().tolist() == pytest.approx([123.675, 116.28, 103.53])
    assert preprocessor.batch_augments.probs[:2] == [0.3, 0.7]


def test_3_1_two_layouts_of_custom_dataset(tmp_path):
    from mmpretrain.datasets import CustomDataset

    folders(tmp_path / "data_prefix", 2, ("class_x", "class_y"))
    by_folder = CustomDataset(data_prefix=str(tmp_path / "data_prefix"))
    assert by_folder.CLASSES == ("class_x", "class_y")
    assert by_folder.get_gt_labels().tolist() == [0, 0, 1, 1]
    listed(tmp_path / "data_root/train", tmp_path / "data_root/meta/train.txt", 4, classes=4)
    by_list = CustomDataset(
        data_root=str(tmp_path / "data_root"),
        ann_file="meta/train.txt",
        data_prefix="train",
        classes=["A", "B", "C", "D"],
    )
    assert by_list.get_gt_labels().tolist() == [0, 1, 2, 3]
    assert by_list.get_data_info(1)["img_path"] == str(tmp_path / "data_root/train/000001.jpg")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("plain"))


def read(checkout, path, text):
    return Config.fromfile(str(checkout.write(path, text)))


def test_6_1_inherit_and_change(plain):
    """The text says ``step`` where ``MultiStepLR`` has ``milestones``: the check of the config names it."""
    text = """
_base_ = './resnet50_8xb32_in1k.py'
model = dict(
    train_cfg=dict(
        augments=dict(type='CutMix', alpha=1.0)
    )
)
train_cfg = dict(max_epochs=300, val_interval=10)
param_scheduler = dict({}=[150, 200, 250])
train_dataloader = dict(
    dataset=dict(data_root='mydata/imagenet/train'),
)
val_dataloader = dict(
    batch_size=64,
    dataset=dict(data_root='mydata/imagenet/val'),
)
test_dataloader = dict(
    batch_size=64,
    dataset=dict(data_root='mydata/imagenet/val'),
)
"""
    target = REPO / "configs/resnet/resnet50_8xb32_in1k.py"
    base = plain.folder / "configs/mine/resnet50_8xb32_in1k.py"
    base.parent.mkdir(exist_ok=True)
    base.write_text(target.read_text())
    cfg = read(plain, "configs/mine/a.py", text.format("milestones"))
    assert cfg.train_cfg == dict(by_epoch=True, max_epochs=300, val_interval=10)
    assert cfg.param_scheduler.milestones == [150, 200, 250]
    assert cfg.model.train_cfg.augments.type == "CutMix"
    assert cfg.val_dataloader.batch_size == 64
    assert cfg.val_dataloader.dataset.data_root == "mydata/imagenet/val"
    as_printed = read(plain, "configs/mine/b.py", text.format("step"))
    problems = [str(problem) for problem in validate(as_printed, files=False)]
    assert any("step" in problem and "b.py" in problem for problem in problems), problems


def test_6_2_variables(plain):
    cfg = read(
        plain,
        "configs/resnet_mine/c.py",
        """
_base_ = '../../configs/_base_/datasets/imagenet_bs32.py'
bgr_mean = [103.53, 116.28, 123.675]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        total_level=10,
        magnitude_level=6,
        magnitude_std=0.5,
        hparams=dict(pad_val=[round(x) for x in bgr_mean], interpolation='bicubic')),
    dict(type='PackInputs'),
]
val_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=236, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
""",
    )
    steps = cfg.train_dataloader.dataset.pipeline
    assert steps[3].hparams.pad_val == [104, 116, 124]
    image = {"img_path": str(REPO / "demo/bird.JPEG"), "gt_label": 3}
    for step in steps:
        image = TRANSFORMS.build(step)(image)
    assert image["inputs"].shape == (3, 224, 224)
    assert cfg.test_dataloader.dataset.pipeline[1].scale == 236


def test_6_3_leave_out_what_is_inherited(plain):
    cfg = read(
        plain,
        "configs/x/d.py",
        "_base_ = '../../configs/resnet/resnet50_8xb32_in1k.py'\n"
        "param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, _delete_=True)\n",
    )
    assert cfg.param_scheduler == dict(type="CosineAnnealingLR", by_epoch=True)


def test_6_4_variables_of_the_base(plain):
    plain.write(
        "configs/mine/_randaug_policies.py", (REPO / "configs/resnest/_randaug_policies.py").read_text()
    )
    cfg = read(
        plain,
        "configs/mine/e.py",
        """
_base_ = [
    '../_base_/models/resnest50.py', '../_base_/datasets/imagenet_bs64.py',
    '../_base_/default_runtime.py', './_randaug_policies.py',
]
EIGVAL = [55.4625, 4.7940, 1.1475]
EIGVEC = [[-0.5836, -0.6948, 0.4203], [-0.5808, -0.0045, -0.8140], [-0.5675, 0.7192, 0.4009]]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandAugment',
        policies={{_base_.policies}},
        num_policies=2,
        magnitude_level=12),
    dict(type='EfficientNetRandomCrop', scale=224, backend='pillow'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4),
    dict(
        type='Lighting',
        eigval=EIGVAL,
        eigvec=EIGVEC,
        alphastd=0.1,
        to_rgb=False),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
""",
    )
    steps = cfg.train_dataloader.dataset.pipeline
    assert steps[1].policies == cfg.policies
    image = {"img_path": str(REPO / "demo/bird.JPEG"), "gt_label": 3}
    for step in steps:
        image = TRANSFORMS.build(step)(image)
    assert image["inputs"].shape == (3, 224, 224)


def test_4_and_5_strategy_and_runtime(plain):
    """Every key of these two sections, as printed, passes the check of the config."""
    cfg = read(
        plain,
        "configs/mine/f.py",
        """
_base_ = ['../_base_/models/resnet18.py', '../_base_/datasets/imagenet_bs32.py']
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001))
param_scheduler = dict(
    type='MultiStepLR', by_epoch=True, milestones=[30, 60, 90], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=256)
default_scope = 'mmpretrain'
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='VisualizationHook', enable=False),
)
env_cfg = dict(
   cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='UniversalVisualizer', vis_backends=vis_backends, name='visualizer')
log_level = 'INFO'
load_from = None
resume = False
""",
    )
    assert [str(problem) for problem in validate(cfg, files=False)] == []
