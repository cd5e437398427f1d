"""A tiny network, and folders of pictures that it can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from tests.datasets.fingerprint_cases import picture

#: Trained in a second.
CONFIG = """\
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=8, base_channels=8, norm_eval=False),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=7, in_channels=64, topk=(1, 5),
              loss=dict(type='CrossEntropyLoss', loss_weight=1.0)),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8)]))
data_preprocessor = dict(num_classes=7, mean=[120, 120, 120], std=[60, 60, 60], to_rgb=True)
image_size = 32
"""


def write_config(folder: Path) -> str:
    """Write the config of the tiny network."""
    path = folder / "tiny.py"
    path.write_text(CONFIG)
    return str(path)


def write_folder(root: Path, classes: Mapping[str, int], size: int = 32) -> Path:
    """Write a folder for each class with so many pictures; those of a class share their brightness."""
    seed = 0
    for number, (name, count) in enumerate(classes.items()):
        (root / name).mkdir(parents=True)
        for i in range(count):
            seed += 1
            image = picture(seed, size) // 2 + np.uint8(30 * number)
            Image.fromarray(image).save(root / name / f"图 {i}.png")
    return root
