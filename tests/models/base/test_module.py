"""Tests of :mod:`mmpretrain.models.base.module`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.base import (
    BaseModule,
    ModuleDict,
    ModuleList,
    Sequential,
)


class Block(BaseModule):
    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.fc = nn.Linear(2, 2)


def test_init_weights_goes_from_parent_to_child_and_loads_last(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": {"backbone.0.fc.bias": torch.full((2,), 9.0)}}, path)
    net = Sequential(
        Block(dict(type="Constant", val=1, layer="Linear")),
        ModuleList([Block()]),
        ModuleDict({"a": Block(dict(type="Constant", val=2, bias=2, layer="Linear"))}),
        init_cfg=[
            dict(type="Pretrained", checkpoint=str(path), prefix="backbone."),
            dict(type="Constant", val=7, bias=7, layer="Linear"),
        ],
    )
    net.init_weights()
    assert [net[0].fc.weight[0, 0].item(), net[0].fc.bias[0].item()] == [1, 9]
    assert [net[1][0].fc.weight[0, 0].item(), net[1][0].fc.bias[0].item()] == [7, 7]
    assert net[2]["a"].fc.weight[0, 0].item() == 2
    assert net.is_init
    assert net[1].is_init
    assert "init_cfg" in repr(net)


def test_init_weights_twice_warns_and_keeps(caplog):
    block = Block(dict(type="Normal", layer="Linear"))
    block.init_weights()
    before = block.fc.weight.clone()
    block.init_weights()
    assert "more than once" in caplog.text
    assert torch.equal(block.fc.weight, before)
