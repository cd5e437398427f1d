"""Tests of :mod:`mmpretrain.engine.hooks.tta`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.engine.hooks import (
    PrepareTTAHook,
    build_runner_with_tta,
)
from mmpretrain.errors import ConfigError
from mmpretrain.registry import DATASETS
from tests.engine import tiny


class Views(tiny.TinyModel):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def test_step(self, data):
        self.module.used_by = self
        return self.module.test_step(data)


def test_prepare_tta(make_runner):
    model = tiny.TinyModel()
    runner = make_runner(model=model, custom_hooks=[PrepareTTAHook(dict(type=Views))])
    runner.test()
    assert model.used_by is runner.model


def test_runner_with_tta(tmp_path):
    from mmpretrain.config import ConfigDict

    cfg = ConfigDict(tiny.config(work_dir=str(tmp_path), tta_model=dict(type=Views), tta_pipeline=[]))
    inner = dict(type=WithGivenPipeline)
    cfg["test_dataloader"] = tiny.loader() | {"dataset": dict(type=Chain, datasets=[inner, dict(inner)])}
    runner = build_runner_with_tta(cfg)
    runner.test()
    assert isinstance(runner.model, Views)
    with pytest.raises(ConfigError, match="'tta_model'"):
        build_runner_with_tta(ConfigDict())


class WithGivenPipeline(tiny.NoisyVectors):
    def __init__(self, pipeline):
        super().__init__(size=8)
        assert list(pipeline) == []


class Chain(torch.utils.data.ConcatDataset):
    def __init__(self, datasets):
        super().__init__([DATASETS.build(dataset) for dataset in datasets])
