"""A small trained-looking model of each kind, and images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from mmpretrain import init_model
from mmpretrain.config import Config

BACKBONE = {"type": "ResNet", "depth": 18, "base_channels": 4}
STEPS = [
    {"type": "LoadImageFromFile"},
    {"type": "ResizeEdge", "scale": 40, "edge": "short"},
    {"type": "CenterCrop", "crop_size": 32},
    {"type": "PackInputs"},
]
TASKS = {
    "shape": {"type": "LinearClsHead", "num_classes": 3},
    "colours": {"type": "MultiLabelLinearClsHead", "num_classes": 4},
}
HEADS: dict[str, dict[str, Any]] = {
    "single": {"type": "LinearClsHead", "num_classes": 4, "in_channels": 32},
    "multi": {"type": "MultiLabelLinearClsHead", "num_classes": 4, "in_channels": 32, "thr": 0.5},
    "tasks": {"type": "MultiTaskHead", "task_heads": TASKS, "in_channels": 32},
}


def config(head: str = "single", **changes: Any) -> Config:
    model = {
        "type": "ImageClassifier",
        "backbone": BACKBONE,
        "neck": {"type": "GlobalAveragePooling"},
        "head": HEADS[head],
        **changes,
    }
    return wrapped(model)


def wrapped(model: dict[str, Any], dataset: str = "CustomDataset") -> Config:
    return Config(
        {
            "model": model,
            "data_preprocessor": {"mean": [120.0] * 3, "std": [60.0] * 3, "to_rgb": True},
            "test_dataloader": {"dataset": {"type": dataset, "pipeline": STEPS}},
        }
    )


def make(head: str = "single", classes: tuple[str, ...] | None = ("ant", "bee", "cat", "dog")) -> Any:
    torch.manual_seed(0)
    model = init_model(config(head), device="cpu")
    model._weights_missing = False
    model._dataset_meta = {"classes": classes} if classes else None
    return model


def write_images(folder: Path, number: int = 7) -> list[str]:
    rng = np.random.default_rng(0)
    paths = []
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(number):
        path = folder / f"{index}.png"
        cv2.imwrite(str(path), rng.integers(0, 255, (40 + index, 50, 3), np.uint8))
        paths.append(str(path))
    return paths
