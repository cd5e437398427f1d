"""The last steps of pipelines of 0.x; :class:`PackInputs` took their place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.formatting import image_to_tensor, to_tensor
from mmpretrain.errors import DataError
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ToTensor(BaseTransform):
    """Convert values to tensors.

    Args:
        keys: Their keys; ``'a.b'`` is the key ``b`` of the dict ``a``.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys

    def transform(self, results: dict) -> dict:
        for key in self.keys:
            *folders, name = key.split(".")
            holder = results
            for folder in folders:
                holder = holder.get(folder, {})
            if name not in holder:
                raise DataError(f"ToTensor: there is no {key!r}; there are {sorted(map(str, results))}")
            holder[name] = to_tensor(holder[name])
        return results


@TRANSFORMS.register_module()
class ImageToTensor(BaseTransform):
    """Convert images (H, W) or (H, W, C) to tensors (C, H, W).

    Args:
        keys: Their keys.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys

    def transform(self, results: dict) -> dict:
        for key in self.keys:
            results[key] = image_to_tensor(np.asarray(results[key]))
        return results


@TRANSFORMS.register_module()
class Collect(BaseTransform):
    """Keep some keys only.

    Args:
        keys: The keys.
        meta_keys: Keys whose values go into the dict ``img_metas``, where they are there (0.x).
    """

    def __init__(self, keys: Sequence[str], meta_keys: Sequence[str] = ()) -> None:
        self.keys = keys
        self.meta_keys = meta_keys

    def transform(self, results: dict) -> dict:
        data = {key: results[key] for key in self.keys}
        if self.meta_keys:
            data["img_metas"] = {key: results[key] for key in self.meta_keys if key in results}
        return data
