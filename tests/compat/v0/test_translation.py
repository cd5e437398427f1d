"""Tests of :mod:`mmpretrain.compat.v0.translation`."""

# ruff: noqa: E501  (tables: one form a line)

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from tests.compat.v0.cases import load


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runner = dict(type='MyRunner', max_epochs=1)", r":1 \(runner.type\): .*'MyRunner'.*LOOPS"),
        ("x = 1\noptimizer_config = dict(type='MyHook')", r":2 \(optimizer_config.type\): .*custom_imports"),
        ("optimizer_config = dict(my_key=1)", r"optimizer_config.my_key cannot be translated.*clip_grad"),
        ("evaluation = dict(metric='my_metric')", r"\(evaluation.metric\): .*METRICS"),
        ("evaluation = dict(metric='accuracy', my_option=1)", r"evaluation.my_option cannot be translated"),
        ("log_config = dict(interval=1, hooks=[dict(type='PaviLoggerHook')])", r"PaviLoggerHook.*service is closed"),
        ("lr_config = dict(policy='my_policy')", r"\(lr_config.policy\): There is no policy 'my_policy'"),
        ("workflow = [('test', 1)]", r"workflow.*LOOPS|train_cfg.type"),
        ("data = dict(samples_per_gpu=1, prefetch=2)", r"data.prefetch cannot be translated"),
        ("data = dict(train=dict(type='A'), train_dataloader=dict(my=2))", r"data.train_dataloader.my cannot"),
        ("runner = 3\nlr_config = dict(policy='fixed')", r"runner must be a dict, got 3"),
        ("model = dict(train_cfg=dict(augments=[dict(type='BatchOther', prob=1.0), dict(type='BatchMixup')]))",
         r"BatchOther.*Mixup, CutMix"),
    ],
)  # fmt: skip
def test_what_cannot_be_translated_is_an_error_with_its_line(text, message):
    with pytest.raises(ConfigError, match=message):
        load(text + "\n")
