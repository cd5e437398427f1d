"""Packages of users in the style of public ones: what they import, derive from and override."""

from __future__ import annotations

import sys

import pytest

from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner
from mmpretrain.registry import ALL
from tests.compat.old_run import old_run

__all__ = ["old_run"]

#: For MMClassification 0.x: a head with fixed prototypes, a loss on features, a data set, a sampler, a hook.
OLD_PARTS = """
import math

import numpy as np
import torch
import torch.nn as nn
from mmcv.runner import HOOKS, BaseModule, Hook, get_dist_info
from mmcv.cnn import ConvModule, build_activation_layer

from mmcls.core.evaluation import precision_recall_f1, support
from mmcls.datasets.builder import DATASETS, PIPELINES, SAMPLERS
from mmcls.datasets.custom import CustomDataset
from mmcls.datasets.samplers import DistributedSampler
from mmcls.models.backbones.base_backbone import BaseBackbone
from mmcls.models.builder import BACKBONES, CLASSIFIERS, HEADS, LOSSES
from mmcls.models.classifiers.image import ImageClassifier
from mmcls.models.heads import ClsHead
from mmcls.models.losses import accuracy
from mmcls.utils import get_root_logger

seen = []


@BACKBONES.register_module()
class TinyNet(BaseBackbone):

    def __init__(self, width=8, act_cfg=dict(type='ReLU'), init_cfg=None):
        super(TinyNet, self).__init__(init_cfg)
        self.stem = ConvModule(1, width, 3, stride=2, norm_cfg=dict(type='BN'), act_cfg=act_cfg)
        self.act = build_activation_layer(act_cfg)
        self.body = nn.Conv2d(width, width, 3, stride=2)

    def forward(self, x):
        return tuple([self.act(self.body(self.stem(x))).mean((2, 3))])

    def train(self, mode=True):
        super(TinyNet, self).train(mode)
        self.stem.eval()


@LOSSES.register_module()
class DotLoss(nn.Module):

    def __init__(self, reduction='mean', loss_weight=1.0):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, feat, target, m_norm2=None, avg_factor=None):
        assert avg_factor is None
        return 0.5 * ((torch.sum(feat * target, dim=1) - 1) ** 2).mean() * self.loss_weight


@HEADS.register_module()
class PrototypeHead(ClsHead):

    def __init__(self, num_classes, in_channels, *args, **kwargs):
        self.eval_classes = kwargs.pop('eval_classes', num_classes)
        super().__init__(*args, **kwargs)
        self.num_classes = num_classes
        get_root_logger().info('prototypes for %d classes', num_classes)
        vectors, _ = np.linalg.qr(np.random.RandomState(0).rand(in_channels, num_classes))
        self.register_buffer('vectors', torch.tensor(vectors).float())

    def pre_logits(self, x):
        return x / torch.norm(x, p=2, dim=1, keepdim=True)

    def forward_train(self, x, gt_label, **kwargs):
        x = self.pre_logits(x)
        losses = self.loss(x, self.vectors[:, gt_label].t())
        if self.cal_acc:
            with torch.no_grad():
                acc = self.compute_accuracy((x @ self.vectors)[:, :self.eval_classes], gt_label)
                assert len(acc) == len(self.topk)
                losses['accuracy'] = {f'top-{k}': a for k, a in zip(self.topk, acc)}
        return losses

    def loss(self, feat, target, **kwargs):
        return dict(loss=self.compute_loss(feat, target))

    def simple_test(self, x, softmax=False, post_process=False):
        cls_score = self.pre_logits(x) @ self.vectors
        assert not softmax
        return self.post_process(cls_score) if post_process else cls_score


@CLASSIFIERS.register_module()
class WatchedClassifier(ImageClassifier):

    def train_step(self, data, optimizer=None, **kwargs):
        losses = self(data['img'], self._samples(data['gt_label']), mode='loss')
        loss, log_vars = self.parse_losses(losses)
        seen.append(('step', type(optimizer).__name__, len(data['img'])))
        return dict(loss=loss, log_vars={'own': float(loss)}, num_samples=len(data['img']))

    def _samples(self, labels):
        from mmcls.structures import ClsDataSample
        return [ClsDataSample().set_gt_label(label) for label in labels]


@DATASETS.register_module()
class Graded(CustomDataset):
    CLASSES = ['class0', 'class1']

    def get_cat_ids(self, idx):
        seen.append(('cat_ids', idx))
        return super().get_cat_ids(idx)

    def prepare_data(self, idx):
        results = self.data_infos[idx].copy()
        results['index'] = idx
        return self.pipeline(results)

    def evaluate(self, results, metric='accuracy', metric_options=None, indices=None, logger=None):
        results = np.vstack(results)
        labels = self.get_gt_labels()
        assert len(labels) == len(results)
        first, = accuracy(results, labels, topk=(1, ))
        values = dict(top=first.item(), support=float(support(results, labels)))
        for key, value in zip(('precision', 'recall', 'f1'), precision_recall_f1(results, labels)):
            values[key] = value
        return values


@PIPELINES.register_module()
class Darken(object):

    def __init__(self, amount):
        self.amount = amount

    def __call__(self, results):
        name = results['img_info']['filename']
        seen.append(('darken', results['img'].shape, results['index'], name[:6]))
        results['img'] = np.clip(results['img'].astype(np.int64) - self.amount, 0, 255).astype(np.uint8)
        return results

    def __repr__(self):
        return self.__class__.__name__ + f'(amount={self.amount})'


@SAMPLERS.register_module()
class Backwards(DistributedSampler):

    def __iter__(self):
        seen.append(('sampler', get_dist_info()))
        return iter(reversed(list(super().__iter__())))


@HOOKS.register_module()
class Watch(Hook):

    def before_run(self, runner):
        self.losses = []

    def after_train_iter(self, runner):
        self.losses.append(runner.outputs['loss'].item())
        if self.every_n_inner_iters(runner, 2):
            runner.log_buffer.output['watched'] = self.losses[-1]

    def after_epoch(self, runner):
        if self.is_last_epoch(runner):
            seen.append(('last epoch', runner.epoch, runner.rank, runner.mode))
"""

OLD_CHANGES = """
model = dict(
    type='WatchedClassifier',
    backbone=dict(type='TinyNet', width=8),
    head=dict(type='PrototypeHead', num_classes=2, in_channels=8, cal_acc=True, topk=(1, ),
              loss=dict(type='DotLoss')))
train_pipeline = [*train_pipeline[:2], dict(type='Darken', amount=3), *train_pipeline[2:]]
data['train'] = dict(
    type='ClassBalancedDataset', oversample_thr=1e-3,
    dataset=dict(type='Graded', data_prefix='images', pipeline=train_pipeline))
data['val']['type'] = 'Graded'
data['train_dataloader'] = dict(samples_per_gpu=2)
sampler = dict(type='Backwards')
evaluation = dict(interval=1, metric='accuracy', save_best='top', rule='greater')
custom_hooks = [dict(type='Watch', priority='LOW')]
"""


def test_a_package_for_0x(old_run):
    runner = old_run.train(OLD_CHANGES, OLD_PARTS)
    import parts_0

    seen = parts_0.seen
    assert ("step", "SGD", 2) in seen
    assert {entry[0] for entry in seen} == {"step", "cat_ids", "darken", "sampler", "last epoch"}
    assert ("last epoch", 1, 0, "train") in seen
    assert {entry[3] for entry in seen if entry[0] == "darken"} == {"class0", "class1"}
    assert set(runner.state.metrics) == {"top", "support", "precision", "recall", "f1"}
    assert list(old_run.folder.glob("work/best_top_epoch_*.pth"))
    for text in ("own: ", "watched: ", "prototypes for 2 classes"):
        assert text in old_run.lines, text


#: For MMPretrain 1.x: two inputs packed, a backbone, a head with its own loss and predictions, metrics.
NEW_PARTS = """
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.logging import MMLogger, print_log
from mmengine.model import BaseModule
from mmengine.registry import HOOKS as ENGINE_HOOKS
from mmengine.visualization import Visualizer

from mmpretrain.datasets.transforms.formatting import DataSample, PackInputs
from mmpretrain.evaluation import SingleLabelMetric
from mmpretrain.evaluation.metrics import Accuracy
from mmpretrain.evaluation.metrics.multi_label import AveragePrecision, _average_precision
from mmpretrain.evaluation.metrics.single_label import _precision_recall_f1_support, to_tensor
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.models.heads.cls_head import ClsHead
from mmpretrain.models.losses.utils import weight_reduce_loss
from mmpretrain.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from mmpretrain.structures.utils import LABEL_TYPE, format_label

seen = []


@TRANSFORMS.register_module()
class AddBrightness(BaseTransform):

    def transform(self, results: dict) -> Optional[dict]:
        results['brightness'] = float(results['img'].mean())
        return results


@TRANSFORMS.register_module()
class PackTwo(PackInputs):

    def transform(self, results: dict) -> dict:
        packed = dict()
        if self.input_key in results:
            packed['inputs'] = self.format_input(results[self.input_key])
        sample = DataSample()
        sample.set_gt_label(results['gt_label'])
        for key in self.algorithm_keys:
            if key in results:
                sample.set_field(results[key], key)
        for key in self.meta_keys:
            if key in results:
                sample.set_field(results[key], key, field_type='metainfo')
        packed['data_samples'] = sample
        return packed


@MODELS.register_module()
class Mean(BaseBackbone):

    def __init__(self, hidden_channels: list, *args, **kwargs):
        super(Mean, self).__init__(*args, **kwargs)
        layers, last = [], 32 * 32
        for width in hidden_channels:
            layers += [torch.nn.Linear(last, width), torch.nn.ReLU()]
            last = width
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> tuple:
        return self.layers(x.flatten(1)),


@MODELS.register_module()
class TwoHead(BaseModule):

    def __init__(self, in_channels: int, num_classes: int, class_loss: dict = dict(type='CrossEntropyLoss'),
                 init_cfg=dict(type='Normal', layer='Linear', std=0.01)):
        super().__init__(init_cfg=init_cfg)
        self.classify = torch.nn.Linear(in_channels, num_classes)
        self.measure = torch.nn.Linear(in_channels, 1)
        self.class_loss = MODELS.build(class_loss)

    def pre_logits(self, feats: Tuple[torch.Tensor]) -> torch.Tensor:
        return feats[-1]

    def forward(self, feats):
        x = self.pre_logits(feats)
        return self.classify(x), self.measure(x)

    def loss(self, feats, data_samples: List[DataSample], **kwargs) -> dict:
        scores, brightness = self(feats)
        target = torch.cat([i.gt_label for i in data_samples])
        wanted = scores.new_tensor([i.get('brightness') for i in data_samples])[:, None] / 255
        acc = Accuracy.calculate(scores, target, topk=(1, ))
        return dict(loss_class=self.class_loss(scores, target, avg_factor=scores.size(0)),
                    loss_brightness=weight_reduce_loss(
                        F.smooth_l1_loss(brightness, wanted, reduction='none')),
                    acc=acc[0][0])

    def predict(self, feats, data_samples: Optional[List[DataSample]] = None) -> List[DataSample]:
        scores = F.softmax(self(feats)[0], dim=1)
        labels = scores.argmax(dim=1, keepdim=True).detach()
        out = []
        for sample, score, label in zip(data_samples or [None] * len(scores), scores, labels):
            sample = DataSample() if sample is None else sample
            sample.set_pred_score(score).set_pred_label(label)
            out.append(sample)
        return out


@METRICS.register_module()
class Positive(SingleLabelMetric):

    def __init__(self, prefix: str = 'positive', *args, **kwargs):
        super().__init__(*args, **kwargs, prefix='positive')
        self.steps = 0

    def evaluate(self, size):
        self.steps += 1
        values = super().evaluate(size)
        seen.append(('evaluate', self.steps, Visualizer.get_current_instance() is not None))
        return values


@METRICS.register_module()
class RankOfZero(BaseMetric):
    default_prefix = 'rank'

    def process(self, data_batch, data_samples: Sequence[dict]):
        for sample in data_samples:
            self.results.append(dict(score=sample['pred_score'].clone(), label=sample['gt_label'].clone()))

    def compute_metrics(self, results: List) -> dict:
        scores = torch.stack([r['score'] for r in results])[:, 0]
        labels = torch.cat([r['label'] for r in results])
        guessed = torch.stack([r['score'] for r in results]).argmax(1) == 0
        wanted = (labels == 0).long()
        p, r, f, _ = _precision_recall_f1_support(guessed[:, None].long(), wanted[:, None], None)
        return dict(ap=float(_average_precision(scores, wanted)) * 100, precision=float(p))


@HOOKS.register_module()
class Talk(Hook):
    priority = 'VERY_LOW'

    def after_train_iter(self, runner, batch_idx: int, data_batch: DATA_BATCH = None, outputs=None) -> None:
        if self.every_n_inner_iters(batch_idx, 2):
            MMLogger.get_current_instance().info(f'talking {batch_idx}')
            runner.message_hub.update_scalar('train/talk', float(outputs['loss']))

    def after_val_epoch(self, runner, metrics=None) -> None:
        seen.append(('metrics', sorted(metrics)))
        print_log('validated', logger='current')


assert ENGINE_HOOKS.get('Talk') is Talk
assert format_label(3).tolist() == [3]
assert LABEL_TYPE is not None and AveragePrecision is not None and DATASETS and to_tensor is not None
assert np.allclose(to_tensor([1, 2]).numpy(), [1, 2])
"""

NEW_CONFIG = """
custom_imports = dict(imports=['parts_new'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(num_classes=10, mean=[77.8], std=[95.9]),
    backbone=dict(type='Mean', hidden_channels=[16, 8]),
    head=dict(type='TwoHead', in_channels=8, num_classes=10))
pipeline = [dict(type='Resize', scale=32), dict(type='AddBrightness'),
            dict(type='PackTwo', algorithm_keys=('brightness', ))]
train_dataloader = dict(
    batch_size=16, num_workers=0, dataset=dict(type='Digits', split='train', indices=64, pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=64, num_workers=0, dataset=dict(type='Digits', split='val', indices=64, pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = [dict(type='Positive', items=('precision', )), dict(type='RankOfZero'), dict(type='Accuracy')]
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3))
train_cfg = dict(by_epoch=True, max_epochs=1)
val_cfg = dict()
default_hooks = dict(logger=dict(type='LoggerHook', interval=2))
custom_hooks = [dict(type='Talk')]
default_scope = 'mmpretrain'
work_dir = 'work'
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "parts_new.py").write_text(NEW_PARTS)
    (tmp_path / "config.py").write_text(NEW_CONFIG)
    yield tmp_path
    for registry in ALL.values():
        for name, part in list(registry.module_dict.items()):
            if part.__module__ == "parts_new":
                del registry.module_dict[name]
    sys.modules.pop("parts_new", None)


def test_a_package_for_1x(package):
    runner = Runner.from_cfg(Config.fromfile("config.py"))
    runner.train()
    import parts_new

    names = next(entry[1] for entry in parts_new.seen if entry[0] == "metrics")
    assert {"positive/precision", "rank/ap", "rank/precision", "accuracy/top1"} <= set(names)
    assert ("evaluate", 1, True) in parts_new.seen
    (log,) = package.glob("work/*/*.log")
    text = log.read_text()
    for word in ("talking 1", "talk: ", "loss_brightness: ", "acc: ", "validated"):
        assert word in text, word
