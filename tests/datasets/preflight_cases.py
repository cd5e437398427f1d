"""What the tests of preflight share."""

from __future__ import annotations

import numpy as np
from PIL import Image

from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets.preflight import preflight


def image(path, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 4, 3), value, np.uint8)).save(path)


def listing(root, *lines, **kwargs):
    root.mkdir(parents=True, exist_ok=True)
    for line in lines:
        image(root / line.rsplit(" ", 1)[0])
    (root / "list.txt").write_text("\n".join(lines))
    return CustomDataset(data_prefix=str(root), ann_file=str(root / "list.txt"), **kwargs)


def found(datasets, **kwargs):
    return [(p.level, p.split, p.text) for p in preflight(datasets, **kwargs)]
