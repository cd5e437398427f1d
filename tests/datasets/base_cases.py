"""What the tests of data sets share."""

from __future__ import annotations

from mmpretrain.datasets import BaseDataset


def build(root, **kwargs):
    kwargs = {"ann_file": "ann.json", "data_root": str(root), "data_prefix": "images", **kwargs}
    return BaseDataset(**kwargs)
