"""A record of three classes with pictures of its own making."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmpretrain.evaluation import Record

CLASSES = ("cat", "dog", "<b>牛</b>")
#: Names that break out of what is not escaped.
EVIL = "\"'><img src=x onerror=alert(1)></script><script>alert(2)</script>"


@pytest.fixture(scope="session")
def record(tmp_path_factory) -> Record:
    """60 samples; those with small images are often wrong."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.RandomState(0)
    targets = np.arange(60) % 3
    scores = random.rand(60, 3) * 0.4 + np.eye(3)[targets]
    small = np.arange(60) % 4 == 0
    scores[small] = random.rand(small.sum(), 3) * 0.3 + np.eye(3)[(targets[small] + 1) % 3]
    paths = []
    for index, target in enumerate(targets):
        name = f"{index}{EVIL.replace('/', '')}.png" if index == 4 else f"{index}.png"
        path = folder / "abc"[target] / name
        path.parent.mkdir(exist_ok=True)
        side = 8 if small[index] else 40
        Image.fromarray(random.randint(0, 255, (side, side + 4, 3), np.uint8)).save(path)
        paths.append(str(path))
    scores = (scores / scores.sum(1, keepdims=True)).astype(np.float32)
    facts = {"command": ["mmpretrain", EVIL], "config": {"file": EVIL, "text": EVIL}}
    return Record(scores, targets, tuple(paths), CLASSES, facts)
