"""The most memory that a training step of a ResNet-50 takes, with 8 images of 224 pixels."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import models_speed


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Forward, backward and the step of SGD with momentum."""
    import torch

    model = models_speed.build("ResNet-50", library)
    model.train()
    images = torch.rand(8, 3, 224, 224)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def measure() -> dict[str, float]:
        before = peak()
        for _ in range(2):
            outputs = model(images)
            while isinstance(outputs, (tuple, list)):
                outputs = outputs[-1]
            outputs.mean().backward()
            optimizer.step()
            optimizer.zero_grad()
        return {"a step (MiB)": peak() - before}

    return measure
