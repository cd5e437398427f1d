"""Tests of :mod:`mmpretrain.engine.optimizers.builder`."""

from __future__ import annotations

import copy
import gzip
import json

import pytest

from mmpretrain.config import ConfigDict
from mmpretrain.engine.optimizers import (
    build_optim_wrapper,
    scale_lr,
)
from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import OPTIM_WRAPPERS
from tests.engine.optimizers.building import FACTS, wrap
from tests.engine.optimizers.optim_cases import (
    SGD,
    TinyNet,
)


def test_error_names_the_argument():
    with pytest.raises(ArgumentError, match=r"SGD has no argument 'momentun'\. Did you mean 'momentum'"):
        wrap(TinyNet(), optimizer={"type": "SGD", "lr": 0.1, "momentun": 0.9})


def test_missing_optimizer():
    with pytest.raises(ConfigError, match="needs the key 'optimizer'"):
        build_optim_wrapper(TinyNet(), {"type": "OptimWrapper"})


def test_config_is_left_as_it_is():
    cfg = ConfigDict(
        optimizer=SGD, paramwise_cfg={"norm_decay_mult": 0.0}, clip_grad={"type": "norm", "max_norm": 1}
    )
    before = copy.deepcopy(dict(cfg))
    wrapper = build_optim_wrapper(TinyNet(), cfg)
    assert dict(cfg) == before
    assert build_optim_wrapper(TinyNet(), wrapper) is wrapper


def test_auto_scale_lr():
    wrapper = wrap(TinyNet(), paramwise_cfg={"bias_lr_mult": 2.0})
    before = wrapper.get_lr()
    assert scale_lr(wrapper, None, 64) == scale_lr(wrapper, {"base_batch_size": 256}, 64) == 1.0
    assert wrapper.get_lr() == before
    assert scale_lr(wrapper, {"base_batch_size": 256, "enable": True}, 64) == 0.25
    assert wrapper.get_lr() == {key: [0.25 * lr for lr in value] for key, value in before.items()}
    with pytest.raises(ConfigError, match="base_batch_size"):
        scale_lr(wrapper, {"enable": True}, 64)


def test_every_wrapper_of_the_zoo_builds():
    """Each ``optim_wrapper`` of the zoo builds over a small model."""
    resolved = json.loads(gzip.decompress((FACTS / "resolved_configs.json.gz").read_bytes()))
    distinct = {json.dumps(cfg["optim_wrapper"]) for cfg in resolved.values() if "optim_wrapper" in cfg}
    assert len(distinct) > 90
    for text in sorted(distinct):
        cfg = json.loads(text, object_hook=lambda d: tuple(d["__tuple__"]) if "__tuple__" in d else d)
        wrapper = build_optim_wrapper(TinyNet(), cfg)
        assert type(wrapper) is OPTIM_WRAPPERS.get(cfg.get("type", "OptimWrapper"))
