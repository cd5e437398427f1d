"""Tests of :mod:`mmpretrain.config.checks.groups`."""

from __future__ import annotations

import pytest

from mmpretrain.config.checks.groups import check_groups

SGD = dict(type="SGD", lr=0.1)


def found(paramwise=None, scheduler=None):
    cfg = dict(optim_wrapper=dict(optimizer=SGD, paramwise_cfg=paramwise), param_scheduler=scheduler)
    return [(item.path, item.message) for item in check_groups(cfg)]


def test_an_entry_that_cancels_another_option():
    custom = {"backbone": dict(lr_mult=0.1)}
    ((path, message),) = found(dict(norm_decay_mult=0.0, custom_keys=custom))
    assert path == "optim_wrapper.paramwise_cfg.custom_keys.backbone"
    assert "norm_decay_mult=0.0 does not hold" in message
    assert "stands for decay_mult=1" in message
    both = {"backbone": dict(lr_mult=0.1, decay_mult=0.0)}
    assert found(dict(norm_decay_mult=0.0, custom_keys=both)) == []
    assert found(dict(norm_decay_mult=1.0, custom_keys=custom)) == []  # as without the option


@pytest.mark.parametrize(
    ("paramwise", "minimum", "says"),
    [
        (None, 0.05, None),
        (None, 0.2, "the learning rate (0.1) rises to it"),
        (dict(custom_keys={"backbone": dict(lr_mult=0.1)}), 0.05, "that of custom_keys 'backbone' (0.01)"),
        (dict(bias_lr_mult=0.2), 0.05, "that of bias_lr_mult (0.02)"),
    ],
)
def test_a_minimum_above_the_rate(paramwise, minimum, says):
    messages = [message for _, message in found(paramwise, [dict(type="CosineAnnealingLR", eta_min=minimum)])]
    assert len(messages) == (says is not None)
    assert says is None or says in messages[0]


@pytest.mark.parametrize("cfg", [{}, dict(optim_wrapper=None), dict(optim_wrapper=dict(paramwise_cfg=3))])
def test_what_others_check_is_left_alone(cfg):
    assert list(check_groups(cfg)) == []
