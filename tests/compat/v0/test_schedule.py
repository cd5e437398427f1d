"""Tests of :mod:`mmpretrain.compat.v0.schedule`."""

# ruff: noqa: E501  (tables: one form a line)

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from tests.compat.schedulers.policy_cases import translated
from tests.compat.v0.cases import load


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("optimizer_config = dict(grad_clip=dict(max_norm=35, norm_type=2))", dict(clip_grad=dict(max_norm=35, norm_type=2))),
        ("optimizer_config = dict(grad_clip=dict(max_norm=1), type='OptimizerHook')", dict(clip_grad=dict(max_norm=1))),
        (
            "optimizer_config = dict(type='GradientCumulativeOptimizerHook', cumulative_iters=4)",
            dict(accumulative_counts=4),
        ),
        ("optimizer_config = dict(type='Fp16OptimizerHook', loss_scale=512.)", dict(type="AmpOptimWrapper", loss_scale=512.0)),
        (
            "optimizer_config = dict(type='GradientCumulativeFp16OptimizerHook', loss_scale='dynamic', cumulative_iters=2)",
            dict(accumulative_counts=2, type="AmpOptimWrapper", loss_scale="dynamic"),
        ),
        ("optimizer_config = dict()\nfp16 = dict(loss_scale=dict(init_scale=8.0))",
         dict(type="AmpOptimWrapper", loss_scale=dict(init_scale=8.0))),
        ("optimizer = dict(type='SGD', lr=1, paramwise_cfg=dict(norm_decay_mult=0.), constructor='Mine')",
         dict(paramwise_cfg=dict(norm_decay_mult=0.0), constructor="Mine", optimizer=dict(type="SGD", lr=1))),
        ("optimizer = dict(type='SGD', lr=1, constructor='DefaultOptimizerConstructor')",
         dict(constructor="DefaultOptimWrapperConstructor", optimizer=dict(type="SGD", lr=1))),
    ],
)  # fmt: skip
def test_optimizers(old, new):
    assert load(old + "\n").optim_wrapper == new


def test_runner_by_iteration():
    cfg = load(
        """
        runner = dict(type='IterBasedRunner', max_iters=1000)
        checkpoint_config = dict(interval=100)
        lr_config = dict(policy='poly', power=0.9, min_lr=1e-4, by_epoch=False)
        """
    )
    assert cfg.train_cfg == dict(by_epoch=False, max_iters=1000)
    assert cfg.default_hooks.checkpoint == dict(type="CheckpointHook", interval=100, by_epoch=False)
    assert cfg.param_scheduler[0].by_epoch is False


def test_plain_schedules_become_native_ones():
    cases = {
        "MultiStepLR": dict(policy="step", step=[30, 60]),
        "StepLR": dict(policy="step", step=10),
        "CosineAnnealingLR": dict(policy="CosineAnnealing", min_lr=0),
        "PolyLR": dict(policy="poly", power=0.9, min_lr=1e-4),
        "ExponentialLR": dict(policy="exp", gamma=0.9),
    }
    for kind, lr_config in cases.items():
        assert [item.type for item in translated(dict(lr=lr_config)).param_scheduler] == [kind]
    warmed = translated(dict(lr=dict(policy="step", step=[2], warmup="linear", warmup_iters=5)))
    assert [item.type for item in warmed.param_scheduler] == ["LinearLR", "MultiStepLR"]
    assert translated(dict(lr=dict(policy="fixed"))).param_scheduler == []


@pytest.mark.parametrize(
    ("lr_config", "message"),
    [
        (dict(policy="CosineAnealing", min_lr=0), "Did you mean 'CosineAnnealing'"),
        (dict(policy="cyclic", by_epoch=True), "cyclic always counts iterations"),
        (dict(step=[3]), "has no policy"),
    ],
)
def test_what_cannot_be_translated(lr_config, message):
    with pytest.raises(ConfigError, match=message):
        translated(dict(lr=lr_config))
