"""What the tests of transforms that fail share."""

from __future__ import annotations

import numpy as np

from mmpretrain.datasets.transforms import BaseTransform


class Faulty(BaseTransform):
    __module__ = "mmpretrain.datasets.transforms.faulty"

    def transform(self, results):
        raise ValueError("first line\n > second line")


def sample(**more):
    return {"img": np.zeros((4, 6, 3), np.uint8), "img_path": "a/cat.jpg", "sample_idx": 3, **more}


IMAGE = "a/cat.jpg (sample 3) [6x4, 3 channels, uint8]"
