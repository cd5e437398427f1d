"""What the tests of transforms share."""

from __future__ import annotations

import random

import numpy as np

from mmpretrain.datasets.transforms import (
    BaseTransform,
    cache_randomness,
)


class Add(BaseTransform):
    """Adds a random number, or a given one, to ``value``."""

    def __init__(self, number=None):
        self.number = number

    @cache_randomness
    def draw(self):
        return random.random() if self.number is None else self.number

    def transform(self, results):
        results["value"] = results["value"] + self.draw()
        return results


def image():
    return np.random.RandomState(5).randint(0, 256, (32, 40, 3), dtype=np.uint8)
