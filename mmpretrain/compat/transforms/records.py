"""What transforms of users for 0.x rely on: the keys of a sample, and the sign of a magnitude."""

from __future__ import annotations

import os

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class OldRecord(BaseTransform):
    """Add ``img_prefix`` and ``img_info``, which records of 0.x had in place of ``img_path``.

    Args:
        prefix: The folder of the images.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def transform(self, results: dict) -> dict:
        """Add the two keys, unless they are there."""
        path = results.get("img_path")
        if isinstance(path, str) and "img_info" not in results:
            inside = self.prefix and path.startswith(os.path.join(self.prefix, ""))
            name = os.path.relpath(path, self.prefix) if inside else path
            results.update(img_prefix=self.prefix if inside else None, img_info={"filename": name})
        return results


def random_negative(value: float, random_negative_prob: float) -> float:
    """Return a value, or with a probability its negative."""
    return -value if np.random.rand() < random_negative_prob else value
