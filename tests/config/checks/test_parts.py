"""Tests of :mod:`mmpretrain.config.checks.parts`."""

from __future__ import annotations

import pytest
from torch import nn

from mmpretrain.config.checks.parts import check_parts
from mmpretrain.engine.hooks import CheckpointHook
from mmpretrain.registry import MODELS

NET = dict(type="LeNet5")


def found(**cfg):
    return [(item.path, item.message) for item in check_parts(cfg)]


@pytest.mark.parametrize(
    ("cfg", "path", "says"),
    [
        (
            dict(default_hooks=dict(checkpoint=dict(save_best="auto"))),
            "default_hooks.checkpoint",
            "'save_best'",
        ),
        (dict(default_hooks=dict(timer={})), "default_hooks.timer", "has nothing"),
        (dict(default_hooks=dict(logger=10)), "default_hooks.logger", "got 10"),
        (dict(model=dict(type="ImageClassifier", backbone=NET, head=3)), "model.head", "got 3"),
        (dict(model=dict(type="ImageClassifier", backbone=NET, neck={})), "model.neck", "has nothing"),
        (dict(model=dict(type="ImageClassifier", backbone=[NET, dict(a=1)])), "model.backbone.1", "has 'a'"),
        (dict(model=dict(type="MAE", backbone="vit", neck=NET)), "model.backbone", "got 'vit'"),
    ],
)
def test_what_nothing_can_be_built_from(cfg, path, says):
    """A run refuses it; so must the check."""
    ((place, message),) = found(**cfg)
    assert place == path
    assert says in message


class Own(nn.Module):
    """Its head is a number."""


def test_what_is_right_or_of_others_is_left_alone():
    MODELS.register_module(module=Own, force=True)
    assert (
        found(default_hooks=dict(timer=None, checkpoint=CheckpointHook(), logger=dict(type="LoggerHook")))
        == []
    )
    assert found(model=dict(type="ImageClassifier", backbone=NET, neck=None, head=nn.Identity())) == []
    assert found(model=dict(type="Own", head=3, neck={})) == []
    assert found(model=dict(type="NoSuchModel", head=3)) == []
    assert found(model=dict(head=3)) == []
    assert found(default_hooks=None, model=None) == []
