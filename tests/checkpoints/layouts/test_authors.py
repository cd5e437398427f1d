"""Tests of :mod:`mmpretrain.checkpoints.layouts.authors`."""

from __future__ import annotations

import torch
from torch import Tensor

from mmpretrain.checkpoints import layouts
from tests.checkpoints.layouts.layout_cases import (
    foreign,
    renamed,
    shapes,
)


def test_swin_of_the_authors():
    shift = layouts.layout.number("layers.{n}.downsample", n=lambda n: n - 1)
    rules = ((r"^layers\.(?P<n>\d)\.downsample", shift), (r"^head\.fc\.", "head."))
    for name in ("timm/swin_tiny_patch4_window7_224", "timm/swinv2_tiny_window16_256"):
        official = layouts.convert(renamed(foreign(name), *rules))
        assert official.layout.source == "official"
        assert shapes(official.weights) == shapes(layouts.convert(foreign(name)).weights)


def test_convnext_and_repvgg_of_the_authors():
    ours = layouts.convert(foreign("timm/convnextv2_atto")).weights
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"depthwise_", "dw"), (r"pointwise_", "pw"), (r"^norm3", "norm"),
        (r"^head\.fc", "head"),
    )  # fmt: skip
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)
    ours = layouts.convert(foreign("timm/repvgg_a0")).weights
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"\.norm\.", ".bn."), (r"branch_norm", "rbr_identity"),
        (r"branch_3x3", "rbr_dense"), (r"branch_1x1", "rbr_1x1"), (r"^stem", "stage0"),
        (r"^stage_", "stage"), (r"^head\.fc", "linear"),
    )  # fmt: skip
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)


def test_mae_has_its_decoder_in_the_neck():
    weights = foreign("timm/vit_tiny_patch16_224")
    pretrained = {key: value for key, value in weights.items() if not key.startswith("head")}
    block = {key: value for key, value in pretrained.items() if key.startswith("blocks.0.")}
    decoder = {f"decoder_{key}": value for key, value in block.items()}
    extra = (
        "mask_token",
        "decoder_pos_embed",
        "decoder_embed.weight",
        "decoder_pred.bias",
        "decoder_norm.weight",
    )
    decoder.update({key: torch.empty(4, device="meta") for key in extra})
    converted = layouts.convert({**pretrained, **decoder})
    assert converted.layout.name == "mae/vit"
    encoder = {key for key in layouts.convert(weights).weights if key.startswith("backbone.")}
    layer = {key.removeprefix("backbone.layers.0.") for key in encoder if ".layers.0." in key[:18]}
    assert set(converted.weights) == encoder | {f"neck.decoder_blocks.0.{key}" for key in layer} | {
        "neck.mask_token", "neck.decoder_pos_embed", "neck.decoder_embed.weight", "neck.decoder_pred.bias",
        "neck.ln1.weight",
    }  # fmt: skip


def test_teacher_of_dino():
    weights = foreign("timm/vit_tiny_patch16_224")
    backbone = {k: v for k, v in weights.items() if not k.startswith("head")}
    teacher = {f"module.backbone.{k}": v for k, v in backbone.items()}
    teacher["module.head.mlp.0.weight"] = torch.empty(1, device="meta")
    converted = layouts.convert(layouts.weights_of({"teacher": teacher, "epoch": 1}))
    assert set(converted.weights) == set(layouts.convert(backbone).weights)


def clip_of_openai(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    theirs = renamed(
        ours, (r"^head\.", None), (r"^backbone\.", ""), (r"^layers\.", "transformer.resblocks."),
        (r"^patch_embed\.projection", "conv1"), (r"^pre_norm", "ln_pre"), (r"^ln1", "ln_post"),
        (r"\.ln(\d)", r".ln_\1"), (r"attn\.qkv\.", "attn.in_proj_"), (r"attn\.proj", "attn.out_proj"),
        (r"ffn\.layers\.0\.0", "mlp.c_fc"), (r"ffn\.layers\.1", "mlp.c_proj"),
        (r"^cls_token", "class_embedding"), (r"^pos_embed", "positional_embedding"),
    )  # fmt: skip
    theirs["class_embedding"] = theirs["class_embedding"].flatten()
    theirs["positional_embedding"] = theirs["positional_embedding"][0]
    return {f"visual.{key}": value for key, value in theirs.items()}


def test_clip_of_openai():
    ours = layouts.convert(foreign("timm/vit_base_patch16_clip_224")).weights
    theirs = {
        **clip_of_openai(ours),
        "positional_embedding": torch.empty(77, 512),
        "logit_scale": torch.empty(()),
    }
    converted = layouts.convert(theirs)
    assert converted.layout.name == "openai-clip/vit"
    assert shapes(converted.weights) == {k: v for k, v in shapes(ours).items() if k.startswith("backbone.")}
