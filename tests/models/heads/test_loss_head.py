"""Tests of :mod:`mmpretrain.models.heads.loss_head`."""

from __future__ import annotations

import torch
from torch import nn

from mmpretrain.models.heads.loss_head import LossHead


def test_the_loss_is_a_config_or_a_module():
    built = LossHead(dict(type="CrossEntropyLoss", loss_weight=2.0))
    own = nn.MSELoss()
    assert built.loss_module(torch.zeros(1, 2), torch.tensor([0])).item() == 2 * torch.tensor(2.0).log()
    assert LossHead(own).loss_module is own
