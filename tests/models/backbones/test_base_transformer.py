"""Tests of :mod:`mmpretrain.models.backbones.base_transformer`."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mmpretrain.models.backbones import (
    PCPVT,
    BEiTViT,
    ConvNeXt,
    DistilledVisionTransformer,
    MlpMixer,
    VisionTransformer,
)
from mmpretrain.models.layers import DropPath
from mmpretrain.registry import MODELS
from tests.models.backbones.vit_cases import MIXER, swin, trainable, vit


@pytest.mark.parametrize(
    ("make", "last"),
    [
        (vit, 2),
        (lambda **kw: vit(BEiTViT, **kw), 2),
        (lambda **kw: vit(MlpMixer, **MIXER, **kw), 1),
        (swin, 1),
    ],
)
def test_negative_out_indices_count_from_the_end(make, last):
    wanted = [0, -1]
    assert make(out_indices=wanted).out_indices == (0, last)
    assert wanted == [0, -1]


@pytest.mark.parametrize("cls", [VisionTransformer, BEiTViT])
def test_frozen_stages_stay_frozen(cls):
    model = vit(cls, frozen_stages=0, out_type="avg_featmap", final_norm=True)
    assert trainable(model.train()) == {"layers.0", "layers.1", "layers.2", "ln1", "ln2"}
    model = vit(cls, frozen_stages=2, out_type="avg_featmap", final_norm=True, drop_rate=0.5)
    assert trainable(model.train()) == {"layers.2", "ln1", "ln2"}
    assert not model.drop_after_pos.training
    assert [layer.training for layer in model.layers] == [False, False, True]
    assert trainable(vit(cls, frozen_stages=3, out_type="avg_featmap", final_norm=True).train()) == set()


def test_the_class_token_starts_at_0_as_in_1x():
    model = vit(VisionTransformer)
    model.init_weights()
    assert not model.cls_token.any()
    assert model.pos_embed.std() > 0.01


def test_a_frozen_stem_leaves_the_mask_token_free():
    model = MODELS.build({"type": "BEiTPretrainViT", "arch": "deit-t", "frozen_stages": 12})
    assert {name for name, p in model.train().named_parameters() if p.requires_grad} == {
        "mask_token",
        "rel_pos_bias.relative_position_bias_table",
    }


def test_frozen_stages_of_hierarchies_count_as_in_1x():
    assert trainable(swin(frozen_stages=0).train()) == {"stages.1", "norm1"}
    arch = {"depths": [1, 1, 2, 1], "channels": [4, 6, 8, 10]}
    names = {f"{kind}.{i}" for kind in ("stages", "downsample_layers") for i in (1, 2, 3)}
    assert trainable(ConvNeXt(arch, frozen_stages=1).train()) == {*names, "norm3"}
    assert "stages.0" in trainable(ConvNeXt(arch))


@pytest.mark.parametrize(
    ("model", "depths"),
    [
        (
            vit(pre_norm=True),
            {"cls_token": 0, "pre_norm.weight": 0, "layers.2.ffn.layers.1.bias": 3, "ln1.bias": 4},
        ),
        (vit(DistilledVisionTransformer), {"dist_token": 0, "layers.0.ln1.weight": 1}),
        (
            swin(),
            {
                "patch_embed.norm.bias": 0,
                "stages.0.blocks.1.norm1.bias": 2,
                "stages.0.downsample.reduction.weight": 2,
                "stages.1.blocks.0.norm1.bias": 3,
                "norm1.bias": 5,
            },
        ),
        (
            ConvNeXt("atto"),
            {
                "downsample_layers.0.0.bias": 0,
                "stages.1.0.norm.bias": 2,
                "stages.2.5.norm.bias": 4,
                "downsample_layers.3.0.bias": 6,
                "norm3.bias": 7,
            },
        ),
    ],
)
def test_layer_depth(model, depths):
    last = max(
        model.get_layer_depth(f"backbone.{name}", "backbone.")[0] for name, _ in model.named_parameters()
    )
    for name, depth in depths.items():
        assert model.get_layer_depth(f"backbone.{name}", "backbone.") == (depth, last + 1)
    assert model.get_layer_depth("head.fc.weight", "backbone.") == (last, last + 1)


def test_stochastic_depth_grows_linearly():
    model = vit(drop_path_rate=0.2)
    assert [layer.attn.out_drop.drop_prob for layer in model.layers] == pytest.approx([0, 0.1, 0.2])
    assert [layer.ffn.dropout_layer.drop_prob for layer in model.layers] == pytest.approx([0, 0.1, 0.2])
    rates = [m.drop_prob for m in swin(drop_path_rate=0.3).modules() if isinstance(m, DropPath)]
    assert rates == pytest.approx([0, 0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3])


def test_each_branch_is_dropped_once():
    layer = vit(BEiTViT, drop_path_rate=0.5).layers[2]
    assert [m.drop_prob for m in layer.modules() if isinstance(m, DropPath)] == [0.5]
    layer = PCPVT("small", drop_path_rate=0.5).stages[3][2]
    assert [m.drop_prob for m in layer.modules() if isinstance(m, DropPath)] == [0.5]


def test_embed_is_the_seam_of_masked_image_methods():
    class HalfOfThePatches(VisionTransformer):
        def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
            tokens, hw = super().embed(x)
            return tokens[:, : 1 + hw[0] * hw[1] // 2], hw

    (out,) = vit(HalfOfThePatches, out_type="raw")(torch.rand(2, 3, 32, 32))
    assert out.shape == (2, 9, 32)
