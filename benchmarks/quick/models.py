"""Forward pass and training step of three models, two images of 224 pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import models_speed

from quick.shared import timed

NAMES = ("ResNet-50", "ViT-S", "ConvNeXt-T")


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Build the backbones, with weights of the initialisation."""
    import torch

    torch.manual_seed(0)
    images = torch.rand(2, 3, 224, 224)
    models: dict[str, Any] = {name: models_speed.build(name, library) for name in NAMES}
    for model in models.values():
        if hasattr(model, "init_weights") and library != "timm":
            model.init_weights()

    def forward(model: Any) -> None:
        with torch.no_grad():
            model(images)  # its mode was set before: in 1.2, eval() returns None

    def train(model: Any) -> None:
        outputs = model(images)
        while isinstance(outputs, (tuple, list)):
            outputs = outputs[-1]
        outputs.mean().backward()
        model.zero_grad()

    def measure() -> dict[str, float]:
        found = {}
        for name, model in models.items():
            model.eval()
            found[f"{name}, forward"] = timed(lambda model=model: forward(model))
            model.train()
            found[f"{name}, training"] = timed(lambda model=model: train(model))
        return found

    measure()
    return measure
