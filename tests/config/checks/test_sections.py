"""Tests of :mod:`mmpretrain.config.checks.sections`."""

from __future__ import annotations

import pytest

from mmpretrain.config.checks.sections import check_companions, check_keys, check_types

TRAIN = dict(train_dataloader={}, train_cfg=dict(by_epoch=True, max_epochs=1), optim_wrapper={})


def found(check, cfg):
    return {item.path: " ".join(filter(None, (item.message, item.hint))) for item in check(cfg)}


@pytest.mark.parametrize(
    ("cfg", "path", "says"),
    [
        (dict(model=[]), "model", "model must be dict, got list"),
        (dict(resume=3), "resume", "resume must be bool or str"),
        (dict(train_cfg=dict(max_epochs=True)), "train_cfg.max_epochs", "must be int, got bool True"),
        (dict(train_cfg=dict(max_epochs=0)), "train_cfg.max_epochs", "must be at least 1, got 0"),
        (dict(val_dataloader=dict(num_workers=5000)), "val_dataloader.num_workers", "at most 1024"),
    ],
)
def test_types_and_ranges(cfg, path, says):
    assert says in found(check_types, cfg)[path]


def test_none_stands_for_nothing():
    assert found(check_types, dict(model=None, resume=False, train_cfg=dict(max_epochs=None))) == {}


def test_keys_that_are_never_read():
    cfg = dict(randomness=dict(sed=1), test_dataloader=dict(batchsize=2))
    problems = found(check_keys, cfg)
    assert "Did you mean 'seed'?" in problems["randomness.sed"]
    assert "Did you mean 'batch_size'" in problems["test_dataloader.batchsize"]


def test_a_section_with_a_misspelt_name():
    wrapper = dict(optimizer=dict(type="SGD"))
    assert "Did you mean 'optim_wrapper'?" in found(check_keys, dict(optim_wraper=wrapper))["optim_wraper"]
    assert found(check_keys, dict(optim_wraper=wrapper, optim_wrapper=wrapper)) == {}  # a variable in use


@pytest.mark.parametrize(
    ("cfg", "path", "says"),
    [
        ({k: v for k, v in TRAIN.items() if k != "train_cfg"}, "train_dataloader", "need train_cfg too"),
        (dict(val_cfg={}), "val_cfg", "val_cfg needs val_dataloader and val_evaluator too"),
        ({**TRAIN, "train_cfg": dict(by_epoch=False)}, "train_cfg", "needs max_iters"),
        ({**TRAIN, "train_cfg": dict(max_epochs=1, max_iters=2)}, "train_cfg.max_epochs", "choose one"),
    ],
)
def test_what_belongs_together(cfg, path, says):
    assert says in found(check_companions, cfg)[path]


@pytest.mark.parametrize(
    "cfg",
    [{}, TRAIN, dict(test_dataloader={}, test_cfg=None, test_evaluator=None), {**TRAIN, "val_cfg": None}],
)
def test_whole_configs(cfg):
    assert found(check_companions, cfg) == {}
