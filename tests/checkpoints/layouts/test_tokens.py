"""Weights of the authors fit, under the names in their code."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.layouts.layout import number
from mmpretrain.errors import CheckpointError
from mmpretrain.registry import MODELS
from tests.checkpoints.layouts.layout_cases import classifier, foreign, renamed, shapes

FFN = ((r"ffn\.layers\.0\.0", "mlp.fc1"), (r"ffn\.layers\.1", "mlp.fc2"))
VIT = (("projection", "proj"), (r"(\d\.)ln([12])\.", r"\1norm\2."), *FFN)
INVERTED = ("exp_1x1", "conv_3x3", "red_1x1")

#: Layout -> a config, and the names here -> the names of the authors.
CASES: dict[str, tuple[Any, tuple[tuple[str, Any], ...]]] = {
    "mvit": (
        classifier("MViT", 768, arch="tiny"),
        (*VIT, (r"^norm3", "norm"), (r"^head\.fc", "head.projection")),
    ),
    "t2t_vit": (
        classifier("T2T_ViT", 384),
        ((r"(\.|\d\.)ln([12])\.", r"\1norm\2."), *FFN, (r"^encoder", "blocks"), (r"^head\.fc", "head")),
    ),
    "repmlp": (
        classifier("RepMLPNet", 768, arch="b", reparam_conv_kernels=(1, 3)),
        (
            (r"^patch_embed\.projection", "conv_embedding.conv"),
            (r"^patch_embed\.norm", "conv_embedding.bn"),
            (r"\.norm([12])\.", r".prebn\1."), (r"\.gp\.conv([12])\.conv", r".gp.fc\1"),
            (r"^downsample_layers", "embeds"), (r"^final_norm", "head_norm"), (r"^head\.fc", "head"),
        ),
    ),
    "mobilevit": (
        classifier("MobileViT", 320, arch="xx_small"),
        (
            (r"^stem\.", "conv_1.block."), (r"^layers\.(?P<i>\d)", number("layer_{i}", i=lambda n: n + 1)),
            (r"(layer_\d\.\d)\.conv\.(\d)\.", lambda m: f"{m[1]}.block.{INVERTED[int(m[2])]}.block."),
            (r"local_rep\.0\.", "local_rep.conv_3x3.block."),
            (r"local_rep\.1\.", "local_rep.conv_1x1.block."),
            (r"\.ln1\.", ".pre_norm_mha.0."), (r"\.ln2\.", ".pre_norm_ffn.0."),
            (r"\.attn\.qkv", ".pre_norm_mha.1.qkv_proj"), (r"\.attn\.proj", ".pre_norm_mha.1.out_proj"),
            (r"\.ffn\.layers\.0\.0", ".pre_norm_ffn.1"), (r"\.ffn\.layers\.1", ".pre_norm_ffn.4"),
            (r"\.conv_proj\.", ".conv_proj.block."), (r"\.conv_fusion\.", ".fusion.block."),
            (r"^conv_1x1_exp\.", "conv_1x1_exp.block."), (r"\.bn\.", ".norm."),
            (r"^head\.fc", "classifier.fc"),
        ),
    ),
}  # fmt: skip


def on_meta(cfg: dict[str, Any]) -> dict[str, Tensor]:
    with torch.device("meta"):
        return dict(MODELS.build(cfg).state_dict())


@pytest.mark.parametrize("name", CASES)
def test_names_of_the_authors(name):
    cfg, rules = CASES[name]
    ours = on_meta(cfg)
    converted = layouts.convert(renamed(ours, (r"^backbone\.", ""), *rules))
    assert converted.layout.name == f"official/{name}"
    assert shapes(converted.weights) == shapes(ours)


def test_sam_without_its_prompts_and_masks():
    encoder = {k: v for k, v in foreign("timm/samvit_base_patch16").items() if not k.startswith("head.")}
    theirs = renamed(encoder, (r"^", "image_encoder."), (r"\.fc([12])\.", r".lin\1."))
    theirs["prompt_encoder.no_mask_embed.weight"] = torch.empty(1, 256, device="meta")
    theirs["mask_decoder.iou_token.weight"] = torch.empty(1, 256, device="meta")
    converted = layouts.convert(theirs)
    assert converted.layout.name == "official/sam"
    ours = on_meta({"type": "ViTSAM", "arch": "base"})
    assert shapes(converted.weights) == {f"backbone.{key}": shape for key, shape in shapes(ours).items()}


def test_pre_trained_mixmim_has_its_decoder_in_the_neck():
    ours = on_meta({"type": "MixMIMTransformer", "arch": "base"})
    theirs = renamed(ours, *VIT)
    theirs |= {key: torch.empty(4, device="meta") for key in ("mask_token", "decoder_pos_embed")}
    theirs["decoder_blocks.0.norm1.weight"] = torch.empty(4, device="meta")
    converted = layouts.convert(theirs).weights
    assert {key for key in converted if key.startswith("neck.")} == {
        "neck.mask_token", "neck.decoder_pos_embed", "neck.decoder_blocks.0.ln1.weight"
    }  # fmt: skip
    assert {key for key in converted if key.startswith("backbone.")} == {f"backbone.{key}" for key in ours}


def test_halvings_of_mixmim_are_reordered():
    merging = "layers.0.downsample.norm.weight"
    theirs = {"absolute_pos_embed": torch.ones(1), "layers.0.blocks.0.attn.relative_position_bias_table":
              torch.ones(1), merging: torch.arange(8.0)}  # fmt: skip
    # Four places with two channels each become two channels with four places each.
    converted = layouts.convert(theirs).weights[f"backbone.{merging}"]
    assert converted.tolist() == [0, 4, 2, 6, 1, 5, 3, 7]


def test_queries_keys_and_values_are_joined_in_order():
    name = "rev_backbone.layers.0.F.attn."
    theirs = {f"{name}{part}.bias": torch.full((2,), float(i)) for i, part in enumerate("qkv")}
    theirs["patch_embed.proj.weight"] = torch.ones(1)
    converted = layouts.convert(theirs).weights
    assert converted["backbone.layers.0.attn.qkv.bias"].tolist() == [0, 0, 1, 1, 2, 2]


def test_tnt_of_another_function_is_not_taken():
    weights = foreign("timm/tnt_s_legacy_patch16_224")
    weights["blocks.0.norm2_proj.weight"] = torch.empty(384, device="meta")
    with pytest.raises(CheckpointError, match="no known layout"):
        layouts.convert(weights)


def test_checkpoints_of_pyslowfast():
    inner = {"patch_embed.proj.weight": torch.ones(1)}
    assert layouts.weights_of({"model_state": inner, "epoch": 3}) == inner
