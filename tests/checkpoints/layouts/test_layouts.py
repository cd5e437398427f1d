"""Weights of other libraries fit the models here, to the last key, shape and number.

The keys and shapes in the data file are those of torchvision 0.28 and timm 1.0; the logits are those of their
models, with the weights and the image of ``tests/golden/fingerprint.py``:

    for key, value in model.state_dict().items():
        fill(key, value)                # all but SwinV2's computed relative_coords_table
    logits = model(image(size))[0, :8]
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.fitting import COMPUTED, load_into
from mmpretrain.registry import MODELS
from tests.checkpoints.layouts.layout_cases import (
    LOGITS,
    SHAPES,
    classifier,
    foreign,
    shapes,
    vit,
)
from tests.golden import facts
from tests.golden.fingerprint import fill, image

#: Converter of the reference environment (mmpretrain 1.2) -> the keys it is given and what it makes of them.
with gzip.open(Path(__file__).parent / "data" / "converters.json.gz") as file:
    CONVERTERS = json.load(file)

STACKED = {"type": "StackedLinearClsHead", "num_classes": 1000, "act_cfg": {"type": "HSwish"}}

BEIT = {"out_type": "avg_featmap", "use_abs_pos_emb": False, "use_rel_pos_bias": True,
        "use_shared_rel_pos_bias": False, "final_norm": False}  # fmt: skip

V2 = {"layer_scale_init_value": 0.0, "use_grn": True}

#: Foreign model -> a config, or the zoo config whose facts it has to match.
CASES: dict[str, Any] = {
    "torchvision/resnet18": classifier("ResNet", 512, depth=18),
    "torchvision/vgg11": classifier("VGG", depth=11, num_classes=1000),
    "torchvision/vgg16_bn": classifier("VGG", depth=16, num_classes=1000, norm_cfg={"type": "BN"}),
    "torchvision/mobilenet_v2": classifier("MobileNetV2", 1280),
    "torchvision/mobilenet_v3_small": classifier(
        "MobileNetV3", {**STACKED, "in_channels": 576, "mid_channels": [1024]}, arch="small"
    ),
    "torchvision/alexnet": classifier("AlexNet", num_classes=1000),
    "torchvision/regnet_x_3_2gf": classifier("RegNet", 1008, arch="regnetx_3.2gf"),
    "torchvision/efficientnet_b0": classifier("EfficientNet", 1280, arch="b0"),
    "torchvision/efficientnet_v2_s": "efficientnet_v2/efficientnetv2-s_8xb32_in1k-384px.py",
    "torchvision/convnext_tiny": classifier("ConvNeXt", 768, arch="tiny"),
    "torchvision/swin_t": classifier("SwinTransformer", 768, arch="tiny"),
    "torchvision/swin_v2_t": classifier("SwinTransformerV2", 768, arch="tiny", img_size=256, window_size=8),
    "torchvision/vit_b_32": vit("b", 768, patch_size=32),
    "torchvision/shufflenet_v2_x1_0": classifier("ShuffleNetV2", 1024),
    "timm/resnet50d": classifier("ResNetV1d", 2048, depth=50),
    "timm/seresnet50": classifier("SEResNet", 2048, depth=50),
    "timm/vit_tiny_patch16_224": vit("deit-tiny", 192),
    "timm/vit_base_patch16_clip_224": vit("b", 768, pre_norm=True),
    "timm/vit_small_patch14_dinov2": vit(
        "dinov2-small", None, img_size=518, patch_size=14, layer_scale_init_value=1e-5
    ),
    "timm/vit_small_patch14_reg4_dinov2": vit(
        "dinov2-small", None, img_size=518, patch_size=14, layer_scale_init_value=1e-5, num_registers=4
    ),
    "timm/vit_small_patch16_dinov3": classifier("DINOv3ViT", arch="small"),
    "timm/vit_small_plus_patch16_dinov3": classifier("DINOv3ViT", arch="small-plus"),
    "timm/vit_tiny_patch16_dinov3_qkvb": classifier("DINOv3ViT", arch="tiny"),
    "timm/deit_tiny_distilled_patch16_224": vit(
        "deit-tiny", 192, "DistilledVisionTransformer", "DeiTClsHead"
    ),
    "timm/deit3_small_patch16_224": vit("small", 384, "DeiT3"),
    "timm/beit_base_patch16_224": vit("base", 768, "BEiTViT", "LinearClsHead", **BEIT),
    "timm/swin_tiny_patch4_window7_224": classifier("SwinTransformer", 768, arch="tiny"),
    "timm/swinv2_tiny_window16_256": classifier(
        "SwinTransformerV2", 768, arch="tiny", img_size=256, window_size=[16, 16, 16, 8]
    ),
    "timm/swinv2_base_window12to24_192to384": classifier(
        "SwinTransformerV2", 1024, arch="base", img_size=384, window_size=[24, 24, 24, 12],
        pretrained_window_sizes=[12, 12, 12, 6],
    ),
    "timm/convnext_tiny": classifier("ConvNeXt", 768, arch="tiny"),
    "timm/convnextv2_atto": classifier("ConvNeXt", 320, arch="atto", **V2),
    "timm/mixer_b16_224": classifier("MlpMixer", 768, arch="b"),
    "timm/efficientnet_b0": classifier("EfficientNet", 1280, arch="b0"),
    "timm/tf_efficientnetv2_s": "efficientnet_v2/efficientnetv2-s_8xb32_in1k-384px.py",
    "timm/repvgg_a0": classifier("RepVGG", 1280, arch="A0"),
    "timm/mobilenetv3_small_050": classifier(
        "MobileNetV3", {**STACKED, "in_channels": 288, "mid_channels": [1024]}, arch="small_050"
    ),
    "timm/mobilenetv3_large_100": classifier(
        "MobileNetV3", {**STACKED, "in_channels": 960, "mid_channels": [1280]}, arch="large"
    ),
    "timm/mobilenetv2_100": classifier("MobileNetV2", 1280),
    "timm/regnetx_004": classifier("RegNet", 384, arch="regnetx_400mf"),
    "timm/hrnet_w18": {
        **classifier("HRNet", 2048, arch="w18"),
        "neck": [
            {"type": "HRFuseScales", "in_channels": (18, 36, 72, 144)},
            {"type": "GlobalAveragePooling"},
        ],
    },
    "timm/efficientformer_l1": classifier("EfficientFormer", 448, "EfficientFormerClsHead", arch="l1"),
    "timm/levit_128s": classifier("LeViT", 384, "LeViTClsHead", arch="128s"),
    "timm/tiny_vit_5m_224": classifier("TinyViT", 320, arch="5m"),
    "timm/mobilevit_xxs": classifier("MobileViT", 320, arch="xx_small"),
    "timm/tf_efficientnet_lite0": classifier("EfficientNet", 1280, arch="lite0"),
    "timm/inception_v3": classifier("InceptionV3", {"type": "ClsHead"}),
    "timm/davit_tiny": classifier("DaViT", 768, arch="tiny", as_published=True),
    "timm/mvitv2_tiny": classifier("MViT", 768, arch="tiny"),
    "timm/tnt_s_legacy_patch16_224": classifier("TNT", 384, arch="small"),
    "timm/samvit_base_patch16": classifier("ViTSAM", 256, arch="base", img_size=224),
}  # fmt: skip


def test_every_layout_is_tested():
    assert set(CASES) == set(SHAPES)
    converted = {layouts.convert(foreign(name)).layout for name in CASES}
    assert {layout for layout in layouts.LAYOUTS if layout.source in ("timm", "torchvision")} <= converted


@pytest.mark.parametrize("name", CASES)
def test_keys_and_shapes(name):
    target = CASES[name]
    if isinstance(target, str):
        stored = facts.load("state_dicts")[target]["state_dict"]
        wanted = {key: shape for key, shape in stored.items() if not key.endswith(COMPUTED)}
    else:
        with torch.device("meta"):
            wanted = shapes(MODELS.build(target).state_dict())
    assert shapes(layouts.convert(foreign(name)).weights) == wanted


@pytest.mark.parametrize("name", LOGITS)
def test_logits(name):
    weights = {k: v for k, v in foreign(name, "cpu").items() if v.is_floating_point() and v.ndim}
    for key, value in weights.items():
        fill(key, value)
    model = MODELS.build(CASES[name]).eval()
    report = load_into(model, {k: v for k, v in weights.items() if not k.endswith(COMPUTED)})
    assert len(report.loaded) == report.total
    assert not report.unexpected
    with torch.no_grad():
        size = 256 if name == "torchvision/swin_v2_t" or "256" in name else 224
        logits = model.head(model.extract_feat(image(size)))[0, :8]
    torch.testing.assert_close(logits, torch.tensor(LOGITS[name]), rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("name", CONVERTERS)
def test_the_keys_of_the_original_converters(name):
    given = {key: torch.empty(4, 4, device="meta") for key in CONVERTERS[name]["given"]}
    assert sorted(layouts.convert(given).weights) == CONVERTERS[name]["converted"]
