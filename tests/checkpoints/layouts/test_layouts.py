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
from torch import Tensor

from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.fitting import COMPUTED, load_into
from mmpretrain.errors import ArgumentError, CheckpointError
from mmpretrain.registry import MODELS
from tests.golden import facts
from tests.golden.fingerprint import fill, image

with gzip.open(Path(__file__).parent / "data" / "foreign_layouts.json.gz") as file:
    FOREIGN = json.load(file)
SHAPES, LOGITS = FOREIGN["shapes"], FOREIGN["logits"]

#: Converter of the reference environment (mmpretrain 1.2) -> the keys it is given and what it makes of them.
with gzip.open(Path(__file__).parent / "data" / "converters.json.gz") as file:
    CONVERTERS = json.load(file)

STACKED = {"type": "StackedLinearClsHead", "num_classes": 1000, "act_cfg": {"type": "HSwish"}}


WITHOUT_NECK = ("VGG", "AlexNet", "ConvNeXt", "BEiTViT", "DeiT3", "TinyViT", "InceptionV3", "TNT", "DaViT")


def classifier(
    kind: str, width: int | dict[str, Any] | None = None, head: str = "LinearClsHead", **backbone: Any
):
    """The config of a classifier; ``width`` is that of its features, or a whole head."""
    cfg: dict[str, Any] = {"type": "ImageClassifier", "backbone": {"type": kind, **backbone}}
    cfg["data_preprocessor"] = {"type": "BaseDataPreprocessor"}
    if kind not in WITHOUT_NECK and "Vision" not in kind:
        tokens = kind in ("MlpMixer", "EfficientFormer")
        cfg["neck"] = {"type": "GlobalAveragePooling", "dim": 1 if tokens else 2}
    if width is not None:
        cfg["head"] = width if isinstance(width, dict) else {
            "type": head, "num_classes": 1000, "in_channels": width
        }  # fmt: skip
    return cfg


def vit(
    arch: str,
    width: int | None,
    kind: str = "VisionTransformer",
    head: str = "VisionTransformerClsHead",
    **more,
):
    return classifier(kind, width, head, arch=arch, **more)


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


def shapes(tensors: dict[str, Tensor]) -> dict[str, list[int]]:
    return {key: list(value.shape) for key, value in tensors.items() if not key.endswith(COMPUTED)}


def foreign(name: str, device: str = "meta") -> dict[str, Tensor]:
    return {key: torch.empty(shape, device=device) for key, shape in SHAPES[name].items()}


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


# -- the authors' own layouts, as the names in timm's or in ours ------------------------------------------


def renamed(weights: dict[str, Tensor], *rules: tuple[str, Any]) -> dict[str, Tensor]:
    names = {key: layouts.layout.rename(key, rules) for key in weights}
    return {name: weights[key] for key, name in names.items() if name is not None}


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


def test_levit_and_tinyvit_of_the_authors():
    ours = layouts.convert(foreign("timm/tiny_vit_5m_224")).weights
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^stages\.", "layers."), (r"\.conv2d\.", ".c."), (r"\.bn2d\.", ".bn."),
        (r"^norm3", "norm_head"), (r"^head\.fc", "head"),
    )  # fmt: skip
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)
    ours = layouts.convert(foreign("timm/levit_128s")).weights
    starts = {"0": 0, "1": 4, "2": 12}  # the first block of each stage of 128s
    place = lambda m: f"blocks.{starts[m[1]] + int(m[2])}."  # noqa: E731
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^patch_embed\.patch_embed", "patch_embed"),
        (r"^stages\.(\d)\.(\d+)\.", place), (r"\.block\.linear1", ".m.0"), (r"\.block\.linear2", ".m.2"),
        (r"\.block\.", ".m."), (r"(?<=blocks)(.*)\.linear\.", r"\1.c."),
        (r"^(patch_embed\.\d)\.conv", r"\1.c"), (r"^head\.(head\w*)\.linear", r"\1.l"),
        (r"^head\.(head\w*)\.", r"\1."),
    )  # fmt: skip
    assert layouts.convert(theirs).layout.name == "official/levit"
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)


def test_efficientformer_of_the_authors():
    ours = layouts.convert(foreign("timm/efficientformer_l1")).weights
    embed = lambda m: f"patch_embed.{3 * int(m[1]) + (m[2] == 'bn')}."  # noqa: E731
    down = lambda m: f"network.{2 * int(m[1]) - 1}.{'proj' if m[2] == 'conv' else 'norm'}."  # noqa: E731
    block = lambda m: f"stage.{2 * int(m[1])}.{int(m[2]) - (m[1] != '0')}."  # noqa: E731
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^patch_embed\.(\d)\.(conv|bn)\.", embed),
        (r"^network\.([123])\.0\.(conv|bn)\.", down), (r"^network\.(\d)\.(\d+)\.(?!proj|norm\.)", block),
        (r"^stage", "network"), (r"\.ls([12])\.weight", r".layer_scale_\1"), (r"^norm3", "norm"),
        (r"^head\.(\w*head)", r"\1"),
    )  # fmt: skip
    assert layouts.convert(theirs).layout.name == "official/efficientformer"
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)


def test_conformer_and_replknet_of_the_authors():
    with torch.device("meta"):
        ours = MODELS.build({"type": "ImageClassifier", "backbone": {"type": "Conformer"}, "head": {
            "type": "ConformerHead", "num_classes": 10, "in_channels": [256, 384]}}).state_dict()  # fmt: skip
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^head\.", ""), (r"\.ln([12])\.", r".norm\1."),
        (r"ffn\.layers\.0\.0", "mlp.fc1"), (r"ffn\.layers\.1", "mlp.fc2"),
    )  # fmt: skip
    assert shapes(layouts.convert(theirs).weights) == shapes(dict(ours))
    with torch.device("meta"):
        ours = MODELS.build(classifier("RepLKNet", 1024, arch="31B")).state_dict()
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^stages\.3\.norm\.", "norm."), (r"^head\.fc\.", "head."),
    )  # fmt: skip
    assert layouts.convert(theirs).layout.name == "official/replknet"
    assert shapes(layouts.convert(theirs).weights) == shapes(dict(ours))


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


def test_separate_projections_are_joined():
    weights = {}
    for i, name in enumerate(("query", "key", "value")):
        weights[f"vit.encoder.layer.0.attention.attention.{name}.weight"] = torch.full((2, 2), float(i))
    joined = layouts.convert(weights).weights
    assert joined["backbone.layers.0.attn.qkv.weight"][:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_what_is_split_becomes_one():
    parts = {f"blocks.0.attn.{n}_proj.weight": torch.full((2, 2), float(i)) for i, n in enumerate("qkv")}
    parts |= {"blocks.0.attn.q_bias": torch.ones(2), "blocks.0.attn.v_bias": torch.full((2,), 2.0)}
    parts |= {f"blocks.0.mlp.w{i}.bias": torch.full((2,), float(i)) for i in (1, 2, 3)}
    marks = {"cls_token": torch.ones(1), "blocks.0.attn.rope.freqs_cos": torch.ones(1),
             "blocks.0.mlp.w1.weight": torch.ones(1), "blocks.0.mlp.w2.weight": torch.ones(1)}  # fmt: skip
    joined = layouts.convert({**parts, **marks}).weights
    assert joined["backbone.layers.0.attn.qkv.weight"][:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert joined["backbone.layers.0.attn.qkv.bias"].tolist() == [1, 1, 0, 0, 2, 2]
    assert joined["backbone.layers.0.mlp.w12.bias"].tolist() == [1, 1, 2, 2]
    assert joined["backbone.layers.0.mlp.w3.bias"].tolist() == [3, 3]


def test_0x():
    weights = {"backbone.conv1.weight": torch.ones(1), "ema_backbone_conv1_weight": torch.zeros(1)}
    assert list(layouts.convert(weights).weights) == ["backbone.conv1.weight"]
    swin = {
        "backbone.stages.0.blocks.0.attn.w_msa.proj.bias": torch.ones(1),
        "backbone.norm.bias": torch.ones(1),
    }
    assert "backbone.norm3.bias" in layouts.convert(swin).weights
    vit_keys = {"backbone.layers.0.attn.attn.in_proj_weight": torch.ones(1)}
    assert list(layouts.convert(vit_keys).weights) == ["backbone.layers.0.attn.qkv.weight"]


# -- loading ------------------------------------------------------------------------------------------------


def test_a_backbone_alone(caplog):
    backbone = MODELS.build({"type": "ShuffleNetV2"})
    with caplog.at_level("INFO", "mmpretrain"):
        report = load_into(backbone, foreign("torchvision/shufflenet_v2_x1_0", "cpu"), source="w.pth")
    assert report.missing == report.unexpected == []
    assert "w.pth is in the layout torchvision/shufflenet_v2" in caplog.text


@pytest.mark.parametrize(
    ("name", "cfg", "resized"),
    [
        ("timm/vit_tiny_patch16_224", vit("deit-tiny", 192, img_size=384), "pos_embed"),
        (
            "torchvision/swin_t",
            classifier("SwinTransformer", 768, arch="tiny", img_size=384, window_size=12),
            "stages.0.blocks.0.attn.w_msa.relative_position_bias_table",
        ),
    ],
)
def test_another_input_size(name, cfg, resized):
    model = MODELS.build(cfg)
    before = model.backbone.get_parameter(resized).detach().clone()
    weights = foreign(name, "cpu")
    for key, value in weights.items():
        fill(key, value)
    report = load_into(model, weights)
    assert report.mismatched == {}
    assert report.missing == []
    after = model.backbone.get_parameter(resized)
    assert after.shape == before.shape
    assert not torch.equal(after, before)


def test_what_fits_is_left_alone():
    weights = foreign("torchvision/resnet18")
    backbone = {key: value for key, value in weights.items() if not key.startswith("fc.")}
    assert layouts.fit(weights, backbone) is None
    ours = layouts.convert(weights).weights
    assert layouts.fit(ours, ours) is None


def test_unknown():
    with pytest.raises(CheckpointError, match="no known layout"):
        layouts.convert({"a.weight": torch.ones(1)})
    with pytest.raises(CheckpointError, match="no known layout of clip"):
        layouts.convert(foreign("torchvision/resnet18"), "clip")
    with pytest.raises(ArgumentError, match="no layout 'tim'"):
        layouts.convert({}, "tim")


def test_weights_of():
    inner = {"fc.weight": torch.ones(1)}
    assert layouts.weights_of({"model": inner, "epoch": 3}) == layouts.weights_of(inner) == inner


def test_keys_that_are_no_names_are_left_out():
    weights = {("a", 1): torch.zeros(1), 3: torch.zeros(1), "b": torch.zeros(2)}
    assert layouts.weights_of({"state_dict": weights}).keys() == {"b"}
