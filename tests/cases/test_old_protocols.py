"""A head, a hook and an optimizer constructor of 0.x in one training run."""

from __future__ import annotations

import re
from pathlib import Path

PARTS = """
import torch
from torch import nn
from mmcv.runner import HOOKS, Hook
from mmcv.runner.optimizer import OPTIMIZER_BUILDERS
from mmcls.models.builder import HEADS
from mmcls.models.heads import ClsHead

calls = []

@HEADS.register_module()
class OwnHead(ClsHead):
    def __init__(self, num_classes, in_channels, loss=dict(type='CrossEntropyLoss'), topk=(1, )):
        super(OwnHead, self).__init__(loss=loss, topk=topk)
        self.fc = nn.Linear(in_channels, num_classes)

    def forward_train(self, x, gt_label):
        return self.loss(self.fc(x), gt_label)

@HOOKS.register_module()
class OwnHook(Hook):
    def before_run(self, runner):
        calls.append('before_run')

    def after_iter(self, runner):
        calls.append((runner.inner_iter, sorted(runner.outputs['log_vars'])))
        runner.log_buffer.update(dict(own=7.0))

    def after_epoch(self, runner):
        calls.append(('after_epoch', runner.epoch))

@OPTIMIZER_BUILDERS.register_module()
class OwnConstructor:
    def __init__(self, optimizer_cfg, paramwise_cfg=None):
        self.cfg = dict(optimizer_cfg)

    def __call__(self, model):
        assert self.cfg.pop('type') == 'SGD'
        calls.append('constructor')
        return torch.optim.SGD(model.parameters(), **self.cfg)
"""
CONFIG = """
_base_ = './base.py'
custom_imports = dict(imports=['parts_of_0x'], allow_failed_imports=False)
model = dict(head=dict(_delete_=True, type='OwnHead', num_classes=6, in_channels=64))
custom_hooks = [dict(type='OwnHook')]
optim_wrapper = dict(constructor='OwnConstructor')
train_cfg = dict(max_epochs=2)
"""


def test_parts_of_0x(case, cli):
    Path("parts_of_0x.py").write_text(PARTS)
    Path("cfg.py").write_text(CONFIG)
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 0, done.text
    import parts_of_0x

    assert parts_of_0x.calls.count("constructor") == 1
    assert "before_run" in parts_of_0x.calls
    assert [call[0] for call in parts_of_0x.calls if call[1] == ["loss"]] == [*range(9), *range(9)]
    assert ("after_epoch", 1) in parts_of_0x.calls
    log = next(Path("wd").glob("*/*.log")).read_text()  # the terminal has one line an epoch
    assert "own: 7.0" in log
    # Its scores come from its layer, so that it learns what is easy to tell apart.
    accuracy = re.findall(r"accuracy/top1\D+([\d.]+)", log)[-1]
    assert float(accuracy) > 40
