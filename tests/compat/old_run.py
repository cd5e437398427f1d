"""A folder in which a small config for MMClassification 0.x trains, with parts of the user beside it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner
from mmpretrain.registry import ALL, OPTIM_WRAPPER_CONSTRUCTORS

BASE = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=2),
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1, )))
load = dict(type='LoadImageFromFile', color_type='grayscale')
train_pipeline = [
    load, dict(type='Resize', size=32), dict(type='Normalize', mean=[127.], std=[127.], to_rgb=False),
    dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label'])]
test_pipeline = [
    load, dict(type='Resize', size=32), dict(type='Normalize', mean=[127.], std=[127.], to_rgb=False),
    dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])]
data = dict(
    samples_per_gpu=2, workers_per_gpu=0,
    train=dict(type='CustomDataset', data_prefix='images', pipeline=train_pipeline),
    val=dict(type='CustomDataset', data_prefix='images', pipeline=test_pipeline, test_mode=True))
evaluation = dict(interval=1, metric='accuracy', metric_options={'topk': (1, )})
optimizer = dict(type='SGD', lr=0.1)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='fixed')
runner = dict(type='EpochBasedRunner', max_epochs=2)
checkpoint_config = dict(interval=1)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
work_dir = 'work'
seed = 0
"""


class OldRun:
    """The folder, which is the working folder.

    Attributes:
        lines: The log of the last run.
    """

    lines: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self, changes: str = "", parts: str = "") -> Config:
        """Return the base with a few lines added, and with a module of the user."""
        name = f"parts_{len(list(self.folder.glob('parts_*.py')))}"
        (self.folder / f"{name}.py").write_text(parts)
        imports = f"\ncustom_imports = dict(imports=['{name}'], allow_failed_imports=False)\n"
        (self.folder / "config.py").write_text(BASE + changes + imports)
        return Config.fromfile("config.py", translate=True)

    def train(self, changes: str = "", parts: str = "") -> Runner:
        """Train the config, and return the runner."""
        runner = Runner.from_cfg(self.config(changes, parts))
        runner.train()
        log = max(self.folder.glob("work/*/*.log"), key=lambda path: path.stat().st_mtime)
        self.lines = re.sub(r"^.*? - INFO - ", "", log.read_text(), flags=re.MULTILINE)
        return runner


@pytest.fixture
def old_run(tmp_path, monkeypatch):
    import cv2

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for index in range(4):
        path = Path("images", f"class{index % 2}", f"{index}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((32, 32), 255 * (index % 2), np.uint8))
    registries = [*ALL.values(), OPTIM_WRAPPER_CONSTRUCTORS]
    before = [set(registry.module_dict) for registry in registries]
    yield OldRun(tmp_path)
    for registry, names in zip(registries, before):
        for name in set(registry.module_dict) - names:
            module = registry.module_dict[name].__module__
            if module.startswith("parts_"):
                del registry.module_dict[name]
    for name in [name for name in sys.modules if name.startswith("parts_")]:
        del sys.modules[name]
