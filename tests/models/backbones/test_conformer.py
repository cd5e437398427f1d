"""What is special about Conformer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import Conformer

ARCH = {"embed_dims": 16, "channel_ratio": 1, "num_heads": 2, "depths": 6}


def conformer(**kwargs) -> Conformer:
    return Conformer(ARCH, base_channels=16, **kwargs)


@torch.no_grad()
def test_layers_count_from_one():
    model = conformer(out_indices=[1, -1]).eval()
    assert model.out_indices == (1, 6)
    first, last = model(torch.rand(2, 3, 64, 64))
    assert [tuple(x.shape) for x in first] == [(2, 16), (2, 16)]
    assert [tuple(x.shape) for x in last] == [(2, 64), (2, 16)]
    for wrong in (0, 7, -7):
        with pytest.raises(ArgumentError, match="out_indices"):
            conformer(out_indices=wrong)


def test_batch_norms_train_unless_told_otherwise():
    assert all(m.training for m in conformer().train().modules())
    model = conformer(norm_eval=True, frozen_stages=2).train()
    assert not any(m.training for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    assert not model.conv_trans_2.trans_block.attn.qkv.weight.requires_grad
    assert model.conv_trans_3.trans_block.attn.qkv.weight.requires_grad


@torch.no_grad()
def test_sizes_that_are_no_multiple_of_a_patch():
    model = conformer(with_cls_token=False).eval()
    (features,) = model(torch.rand(1, 3, 70, 50))
    assert [tuple(x.shape) for x in features] == [(1, 64), (1, 16)]


def test_blocks_start_as_identities():
    model = conformer()
    model.init_weights()
    assert not model.conv_trans_4.fusion_block.bn3.weight.any()
    assert model.conv_trans_4.fusion_block.bn2.weight.all()


@pytest.mark.parametrize("changes", [{"patch_size": 8}, {"arch": {**ARCH, "depths": 5}}])
def test_what_does_not_fit(changes):
    with pytest.raises(ArgumentError, match="multiple"):
        Conformer(**{"arch": ARCH, **changes})
