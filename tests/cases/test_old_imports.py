"""B01, B02, B03: custom code of 1.x imports what it needs under the names that it had there."""

from __future__ import annotations

from pathlib import Path

METRIC = """
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS
@METRICS.register_module()
class MeanErr(BaseMetric):
    default_prefix='my'
    def process(self, data_batch, data_samples):
        for s in data_samples:
            self.results.append(float(s['pred_score'].argmax()!=s['gt_label'][0]))
    def compute_metrics(self, results):
        return dict(err=sum(results)/len(results))
"""
METRIC_CONFIG = """
_base_='./base.py'
custom_imports=dict(imports=['old_name_metric'], allow_failed_imports=False)
val_evaluator=dict(_delete_=True, type='MeanErr')
test_evaluator=val_evaluator
train_cfg=dict(max_epochs=1)
"""
NETWORK = """
from torch import nn

from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.models.losses.utils import weight_reduce_loss  # noqa: F401
from mmpretrain.registry import MODELS


@MODELS.register_module()
class TinyNet(BaseBackbone):
    def __init__(self, width=64):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, stride=4)

    def forward(self, x):
        return (self.conv(x),)
"""
NETWORK_CONFIG = """
_base_ = './base.py'
custom_imports = dict(imports=['old_name_net'], allow_failed_imports=False)
model = dict(backbone=dict(_delete_=True, type='TinyNet'))
train_cfg=dict(max_epochs=1)
"""
LOSS = """
import torch
from mmpretrain.engine.runner import MessageHub
from mmpretrain.registry import MODELS
seen = []
@MODELS.register_module()
class Annealed(torch.nn.Module):
    def forward(self, cls_score, label, avg_factor=None, **kw):
        it = MessageHub.get_current_instance().get_info('iter')
        seen.append(it)
        w = min(1.0, (it + 1) / 10)
        return w * torch.nn.functional.cross_entropy(cls_score, label)
"""
LOSS_CONFIG = """
_base_='./base.py'
custom_imports=dict(imports=['old_name_loss'], allow_failed_imports=False)
model=dict(head=dict(loss=dict(_delete_=True, type='Annealed')))
train_cfg=dict(max_epochs=1)
"""


def test_a_metric_on_mmengine(case, cli):
    Path("old_name_metric.py").write_text(METRIC)
    Path("cfg.py").write_text(METRIC_CONFIG)
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 0, done.text
    assert "my/err" in done.text


def test_module_paths_of_1x(case, cli):
    Path("old_name_net.py").write_text(NETWORK)
    Path("cfg.py").write_text(NETWORK_CONFIG)
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 0, done.text


def test_a_name_that_is_gone_is_named_with_its_line(case, cli):
    Path("old_name_ops.py").write_text("import torch\nfrom mmcv.ops import nms\n")
    Path("cfg.py").write_text("_base_ = './base.py'\ncustom_imports = dict(imports=['old_name_ops'])\n")
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 2
    assert "old_name_ops.py:2: mmcv.ops is not in mmpretrain 2.x" in done.text
    assert "torchvision.ops" in done.text


def test_a_loss_that_reads_the_iteration(case, cli):
    Path("old_name_loss.py").write_text(LOSS)
    Path("cfg.py").write_text(LOSS_CONFIG)
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 0, done.text
    import old_name_loss

    assert old_name_loss.seen == list(range(9))
