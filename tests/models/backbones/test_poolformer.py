"""Tests of :mod:`mmpretrain.models.backbones.poolformer`."""

from __future__ import annotations

from mmpretrain.models.backbones import (
    PoolFormer,
    RIFormer,
)
from tests.models.backbones.vit_cases import trainable


def test_poolformer_trains_its_stem():
    arch = {"layers": [1, 1, 1, 1], "embed_dims": [4, 6, 8, 10]}
    assert "patch_embed" in trainable(PoolFormer(arch).train())
    assert "patch_embed" not in trainable(PoolFormer(arch, frozen_stages=0).train())
    frozen = RIFormer(arch, frozen_stages=0, out_indices=(0, -1)).train()
    assert not {"patch_embed", "norm0"} & trainable(frozen)
