"""Tests of :mod:`mmpretrain.compat.datasets.builder`."""

from __future__ import annotations

from mmpretrain.registry import DATASETS
from tests.datasets.wrapper_cases import make


def test_build_dataset_of_0x(tmp_path):
    from mmpretrain.compat.datasets.builder import DATASETS as from_builder
    from mmpretrain.datasets import build_dataset

    assert from_builder is DATASETS
    cfg = make(tmp_path, [0, 1])
    assert len(build_dataset(cfg)) == 2
    assert len(build_dataset([cfg, cfg])) == 4
    assert build_dataset(cfg, default_args=dict(test_mode=True)).test_mode
