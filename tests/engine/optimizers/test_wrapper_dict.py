"""Tests of :mod:`mmpretrain.engine.optimizers.wrapper_dict`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.engine.optimizers import (
    OptimWrapperDict,
    build_optim_wrapper,
)
from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    ADAMW,
    TinyNet,
)


def test_several_optimizers():
    a, b = nn.Linear(2, 2), TinyNet()
    wrappers = build_optim_wrapper(
        nn.ModuleList([a, b]),
        {"a": wrap(a), "b": wrap(b, optimizer=ADAMW, paramwise_cfg={"bias_lr_mult": 2.0})},
    )
    assert isinstance(wrappers, OptimWrapperDict)
    assert wrappers.get_lr()["a.lr"] == [0.05]
    assert wrappers.get_lr()["b.base_lr"] == [0.01]
    assert wrappers.get_momentum()["a.momentum"] == [0.9]
    assert (len(wrappers), "a" in wrappers, list(wrappers.keys())) == (2, True, ["a", "b"])
    wrappers["a"].update_params(a(torch.ones(1, 2)).sum())
    state = wrappers.state_dict()
    wrappers.load_state_dict(state)
    assert set(state) == {"a", "b"}
    with pytest.raises(NotImplementedError, match="'a', 'b'"):
        wrappers.update_params(torch.zeros(()))
    with pytest.raises(KeyError, match="'c'"):
        wrappers["c"]
    with pytest.raises(TypeError, match="must be an OptimWrapper"):
        OptimWrapperDict(a=3)  # type: ignore[arg-type]
