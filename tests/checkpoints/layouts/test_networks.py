"""Tests of :mod:`mmpretrain.checkpoints.layouts.networks`: a backbone is known by its weights."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.checkpoints import layouts
from mmpretrain.registry import MODELS
from tests.checkpoints.layouts.layout_cases import CLIP_NAMES, SHAPES, foreign, renamed, shapes

VIT, V2 = "VisionTransformer", {"layer_scale_init_value": 0.0, "use_grn": True}

#: Backbones, whose weights have to say what they are: type and arguments.
OURS = [
    (VIT, {"arch": "deit-tiny"}), (VIT, {"arch": "small"}), (VIT, {"arch": "huge", "patch_size": 14}),
    (VIT, {"arch": "deit-small", "patch_size": 14, "layer_scale_init_value": 1e-5, "num_registers": 4}),
    (VIT, {"arch": "deit-tiny", "img_size": 384, "qkv_bias": False}),
    (VIT, {"arch": "deit-tiny", "final_norm": False, "out_type": "avg_featmap"}),
    ("DINOv3ViT", {"arch": "small"}), ("DINOv3ViT", {"arch": "small-plus"}),
    ("DINOv3ViT", {"arch": "huge-plus"}), ("DINOv3ViT", {"arch": "7b"}),
    ("ConvNeXt", {"arch": "atto"}), ("ConvNeXt", {"arch": "tiny", "stem_patch_size": 2}),
    ("ConvNeXt", {"arch": "atto", **V2}),
    *[("ResNet", {"depth": depth}) for depth in (18, 34, 50, 101, 152)],
    ("ResNet", {"depth": 18, "in_channels": 1}),
    ("SwinTransformer", {"arch": "tiny"}),
    ("SwinTransformer", {"arch": "base", "img_size": 384, "window_size": 12}),
]  # fmt: skip

#: Layouts of timm and torchvision -> type, and what else is to be found.
FOREIGN = {
    "torchvision/resnet18": ("ResNet", {"depth": 18}), "torchvision/swin_t": ("SwinTransformer", {}),
    "torchvision/convnext_tiny": ("ConvNeXt", {}), "torchvision/vit_b_32": (VIT, {"patch_size": 32}),
    "timm/vit_tiny_patch16_224": (VIT, {"img_size": 224}), "timm/convnextv2_atto": ("ConvNeXt", {}),
    "timm/vit_small_patch14_dinov2": (VIT, {"img_size": 224, "patch_size": 14, "num_registers": 0}),
    "timm/convnext_tiny": ("ConvNeXt", {}),
    "timm/swin_tiny_patch4_window7_224": ("SwinTransformer", {"window_size": 7}),
    "timm/vit_small_patch16_dinov3": ("DINOv3ViT", {"num_registers": 4}),
}  # fmt: skip


def built(kind: str, settings: dict) -> torch.nn.Module:
    with torch.device("meta"):
        return MODELS.build({"type": kind, **settings})


@pytest.mark.parametrize("prefix", ["", "backbone."])
@pytest.mark.parametrize(("kind", "settings"), OURS)
def test_what_is_built_has_these_weights(kind, settings, prefix):
    wanted = built(kind, settings)
    network = layouts.network_of({prefix + key: value for key, value in wanted.state_dict().items()})
    assert network.backbone["type"] == kind
    found = built(kind, {key: value for key, value in network.backbone.items() if key != "type"})
    assert shapes(found.state_dict()) == shapes(wanted.state_dict())
    if kind in (VIT, "DINOv3ViT"):
        assert found.layers[0].attn.num_heads == wanted.layers[0].attn.num_heads
        assert type(found.layers[0].ffn) is type(wanted.layers[0].ffn)
        assert str(found.layers[0].ln1) == str(wanted.layers[0].ln1)
        assert found.out_type == wanted.out_type
    assert network.image_size == settings.get("img_size", 224)


@pytest.mark.parametrize("name", FOREIGN)
def test_other_layouts(name):
    kind, settings = FOREIGN[name]
    network = layouts.network_of(foreign(name))
    assert network.backbone.items() >= {"type": kind, **settings}.items()
    model = built(kind, {key: value for key, value in network.backbone.items() if key != "type"})
    converted = layouts.convert(foreign(name)).weights
    fitting = {key.removeprefix("backbone."): value for key, value in converted.items()}
    positions = {"pos_embed"} if network.image_size != 518 and "dinov2" in name else set()
    wanted = {key: value for key, value in shapes(model.state_dict()).items() if key not in positions}
    assert {key: shapes(fitting)[key] for key in wanted} == wanted
    assert network.channels == (model.layers[0].ln1.weight.shape[0] if kind in (VIT, "DINOv3ViT") else (
        {"ResNet": 512, "SwinTransformer": 768}.get(kind) or model.norm3.weight.shape[0]
    ))  # fmt: skip


def test_what_is_none_of_them():
    known = {name for name in SHAPES if layouts.network_of(foreign(name)) is not None}
    others = {"torchvision/regnet_x_3_2gf", "timm/beit_base_patch16_224", "timm/seresnet50", "timm/resnet50d"}
    others |= {
        "timm/deit_tiny_distilled_patch16_224",
        "timm/efficientnet_b0",
        "timm/tnt_s_legacy_patch16_224",
    }
    others |= {"timm/deit3_small_patch16_224", "timm/vit_base_patch16_clip_224"}  # GELU, or QuickGELU?
    assert not known & others
    for weights in ({}, {"a": torch.zeros(1)}, {"layers.0.attn.qkv.weight": torch.zeros(1)}):
        assert layouts.network_of(weights) is None
    for kind, settings in [("BEiTViT", {"arch": "base"}), ("ResNeXt", {"depth": 50}), ("VGG", {"depth": 11})]:
        assert layouts.network_of(built(kind, settings).state_dict()) is None


def test_clip_of_its_authors():
    """They have QuickGELU; of CLIP in other layouts, the weights do not tell."""
    wanted = {"arch": "deit-tiny", "pre_norm": True, "img_size": 336, "patch_size": 14}
    ours = built(VIT, wanted).state_dict()
    assert layouts.network_of(ours) is None
    theirs = renamed(ours, *CLIP_NAMES)
    network = layouts.network_of({f"visual.{key}": value for key, value in theirs.items()})
    found = built(VIT, {key: value for key, value in network.backbone.items() if key != "type"})
    assert shapes(found.state_dict()) == shapes(ours)
    assert type(found.layers[0].ffn.layers[0][1]).__name__ == "QuickGELU"
    assert found.ln1.eps == 1e-5
    assert network.image_size == 336


def test_damaged_weights_are_none_of_them():
    """Whatever tensor is missing or has another number of dimensions, the answer is a network or None."""
    for kind, settings in OURS[0], OURS[7], OURS[11], OURS[14], OURS[-1]:
        weights = dict(built(kind, settings).state_dict())
        for key in list(weights)[:40]:
            for value in (None, torch.zeros(()), torch.zeros(0), torch.zeros(2)):
                damaged = {**weights, key: value} if value is not None else {
                    k: v for k, v in weights.items() if k != key
                }  # fmt: skip
                layouts.network_of(damaged)
