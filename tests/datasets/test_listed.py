"""Tests of :mod:`mmpretrain.datasets.listed`."""

from __future__ import annotations

import pytest

from mmpretrain.errors import MissingFileError
from mmpretrain.registry import DATASETS


@pytest.mark.parametrize(
    ("kind", "kwargs", "argument"),
    [
        ("CUB", {}, "data_root"),
        ("Food101", {}, "data_root"),
        ("VOC", {}, "data_root"),
        ("MNIST", dict(download=False), "data_root"),
        ("NLVR2", dict(ann_file="a.json"), "ann_file"),
    ],
)
def test_the_advice_fits_the_data_set(tmp_path, kind, kwargs, argument):
    """Only custom data sets can do without an annotation file; public ones have all in one folder."""
    with pytest.raises(MissingFileError, match=rf"which {argument} of {kind} .* Set {argument} "):
        DATASETS.build(dict(type=kind, data_root=str(tmp_path), **kwargs))
