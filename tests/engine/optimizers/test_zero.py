"""Tests of :mod:`mmpretrain.engine.optimizers.zero`."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError
from tests.engine.optimizers.building import wrap
from tests.engine.optimizers.optim_cases import (
    ADAMW,
    TinyNet,
    train,
)


def test_zero_redundancy_optimizer_with_one_process(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        model, plain = TinyNet(), TinyNet()
        cfg = {"type": "ZeroRedundancyOptimizer", "optimizer_type": "AdamW", "lr": 0.01, "weight_decay": 0.05}
        wrapper = wrap(model, optimizer=cfg)
        assert train(wrapper, model) == pytest.approx(train(wrap(plain, optimizer=ADAMW), plain))
        assert wrapper.state_dict()["state"]
        with pytest.raises(ConfigError, match="AdamX"):
            wrap(model, optimizer={**cfg, "optimizer_type": "AdamX"})
    finally:
        torch.distributed.destroy_process_group()
