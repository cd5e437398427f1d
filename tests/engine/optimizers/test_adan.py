"""Tests of :mod:`mmpretrain.engine.optimizers.adan`."""

from __future__ import annotations

import pytest

from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    WRAPPERS,
    TinyNet,
    train,
)


def test_adan_decay_before_the_step():
    """All tensors at once give the same numbers; the reference forgets the update then."""
    one, all_at_once = TinyNet(), TinyNet()
    cfg = WRAPPERS["adan_single"]["optimizer"]
    losses = train(wrap(one, optimizer=cfg), one)
    assert train(wrap(all_at_once, optimizer={**cfg, "foreach": True}), all_at_once) == pytest.approx(losses)
