"""Tests of :mod:`mmpretrain.analysis.datasets`."""

from __future__ import annotations

import pytest

from mmpretrain.analysis.datasets import class_names, loader_of
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError

VAL = dict(
    batch_size=2, dataset=dict(type="CIFAR10", data_root="nowhere", download=False, split="test", pipeline=[])
)


def test_validation_stands_in_for_a_test():
    cfg = Config(dict(val_dataloader=VAL, train_dataloader=None))
    assert loader_of(cfg, "test")["batch_size"] == 2
    with pytest.raises(ConfigError, match="the config has no train_dataloader"):
        loader_of(cfg, "train")


def test_classes_of_data_that_are_not_here():
    assert class_names(Config(dict(val_dataloader=VAL)))[:2] == ["airplane", "automobile"]
    own = dict(VAL, dataset=dict(VAL["dataset"], metainfo=dict(classes=("x", "y"))))
    assert class_names(Config(dict(val_dataloader=own))) == ["x", "y"]
    wrapped = dict(VAL, dataset=dict(type="RepeatDataset", times=2, dataset=VAL["dataset"]))
    assert class_names(Config(dict(test_dataloader=wrapped)))[-1] == "truck"
