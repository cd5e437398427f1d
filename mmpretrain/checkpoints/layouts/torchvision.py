"""The layouts of torchvision's models."""

from __future__ import annotations

import re

from mmpretrain.checkpoints.layouts.layout import Layout, Rules, Tensors, number, table
from mmpretrain.checkpoints.layouts.tensors import (
    flat,
    number_vgg,
    split_qkv_bias,
    square,
    token,
    unfold_order,
)

CONV_BN = {"0": "conv", "1": "bn"}
#: Position in a branch of ShuffleNetV2 -> here; between them are ReLUs.
SHUFFLE_BRANCHES = {
    "1": {"0": "0.conv", "1": "0.bn", "2": "1.conv", "3": "1.bn"},
    "2": {"0": "0.conv", "1": "0.bn", "3": "1.conv", "4": "1.bn", "5": "2.conv", "6": "2.bn"},
}


def name_inverted_residuals(weights: Tensors) -> Tensors:
    """Give the numbered parts of MobileNetV3's and EfficientNet's blocks names.

    A block has, of these and in this order: expansion, depthwise convolution, squeeze and excitation, and
    projection. Blocks of EfficientNetV2 that begin with a full convolution have that and maybe a projection.
    """
    kinds: dict[str, dict[int, str]] = {}
    for key, value in weights.items():
        if match := re.match(r"(.*)\.block\.(\d+)\.(?:0|fc1)\.weight$", key):
            kind = "se" if ".fc1." in key else "depthwise" if value.shape[1] == 1 else "full"
            kinds.setdefault(match[1], {})[int(match[2])] = kind
    names = {block: _block_names(parts) for block, parts in kinds.items()}

    def name(match: re.Match[str]) -> str:
        role = names[match["block"]][int(match["part"])]
        rest = match["rest"]
        if role == "se":
            return f"{match['block']}.se.{rest.replace('fc', 'conv', 1).replace('.', '.conv.', 1)}"
        return f"{match['block']}{role}.{CONV_BN[rest[0]]}{rest[1:]}"

    pattern = re.compile(r"(?P<block>.*)\.block\.(?P<part>\d+)\.(?P<rest>.*)")
    return {pattern.sub(name, key): value for key, value in weights.items()}


def _block_names(kinds: dict[int, str]) -> dict[int, str]:
    """Position -> name of a block's parts."""
    convs = [part for part in sorted(kinds) if kinds[part] != "se"]
    names = dict.fromkeys(kinds, "se")
    if "depthwise" in kinds.values():
        names.update(zip(reversed(convs), (".linear_conv", ".depthwise_conv", ".expand_conv")))
    else:
        names.update(zip(convs, (".conv1", ".conv2") if len(convs) == 2 else ("",)))
    return names


def merge_stages(weights: Tensors) -> Tensors:
    """EfficientNet: stages of stride 1 continue the layer before, as here; in V2, stages stay apart."""
    blocks: dict[int, set[int]] = {}
    for key in weights:
        if match := re.match(r"features\.(\d+)\.(\d+)\.", key):
            blocks.setdefault(int(match[1]), set()).add(int(match[2]))
    starts: dict[int, tuple[int, int]] = {}
    layer = begin = 0
    stages = [stage for stage in sorted(blocks) if f"features.{stage}.0.weight" not in weights]
    fused = any(re.match(r"features\.1\.0\.conv\.", key) for key in weights)
    for stage in stages:
        continues = stage in (5, 7) and not fused
        begin = begin + len(blocks[stage - 1]) if continues else 0
        layer += not continues
        starts[stage] = (layer, begin)
    renamed = {}
    for key, value in weights.items():
        match = re.match(r"features\.(\d+)\.(\d+)\.(.*)", key)
        if match and int(match[1]) in starts:
            layer_of, first = starts[int(match[1])]
            key = f"layers.{layer_of}.{first + int(match[2])}.{match[3]}"
        elif match:
            at = 0 if match[1] == "0" else layer + 1
            key = f"layers.{at}.{CONV_BN[match[2]]}.{match[3]}"
        renamed[key] = value
    return renamed


RESNET: Rules = (
    (r"^fc\.", "head.fc."),
    (r"\.se\.fc(\d)\.", r".se_layer.conv\1.conv."),
)

SWIN: Rules = (
    (r"^features\.0\.0\.", "patch_embed.projection."),
    (r"^features\.0\.2\.", "patch_embed.norm."),
    (r"^features\.(?P<stage>[1357])\.(?P<block>\d+)\.",
     number("stages.{stage}.blocks.{block}.", stage=lambda n: n // 2)),
    (r"\.mlp\.0\.", ".ffn.layers.0.0."),
    (r"\.mlp\.3\.", ".ffn.layers.1."),
    (r"\.attn\.", ".attn.w_msa."),
    (r"^norm\.", "norm3."),
    (r"^head\.", "head.fc."),
)  # fmt: skip

#: A merging ends a stage of Swin, and begins one of Swin V2.
MERGING = r"^features\.(?P<stage>[246])\.(?=reduction|norm)"

LAYOUTS = (
    Layout(
        "torchvision", "resnet",
        marks=(r"^conv1\.weight", r"^layer4\.0\.conv1\.weight"),
        rules=RESNET,
    ),
    Layout(
        "torchvision", "vgg",
        marks=(r"^features\.0\.weight", r"^classifier\.0\.weight"),
        prepare=(number_vgg,),
        rules=(),
    ),
    Layout(
        "torchvision", "alexnet",
        marks=(r"^features\.0\.weight", r"^features\.10\.weight", r"^classifier\.1\.weight"),
        without=(r"^classifier\.0\.",),
        rules=(),
    ),
    Layout(
        "torchvision", "mobilenet_v2",
        marks=(r"^features\.1\.conv\.0\.0\.weight", r"^features\.18\.0\.weight"),
        rules=(
            (r"^features\.(?P<place>0|18)\.(?P<part>[01])\.",
             table("conv{place}.{part}.", place={"0": "1", "18": "2"}, part=CONV_BN)),
            (r"^features\.(?P<block>\d+)\.conv\.",
             table("layer{block}.conv.", block={
                 str(n): f"{layer}.{n - first}"
                 for layer, (first, last) in enumerate(
                     [(1, 2), (2, 4), (4, 7), (7, 11), (11, 14), (14, 17), (17, 18)], start=1)
                 for n in range(first, last)
             })),
            (r"\.conv\.(?P<i>\d)\.(?P<part>[01])\.(?=\w)", table(".conv.{i}.{part}.", part=CONV_BN)),
            (r"^(layer1\..*)\.conv\.1\.(?=weight)", r"\1.conv.1.conv."),
            (r"^(layer1\..*)\.conv\.2\.", r"\1.conv.1.bn."),
            (r"^(layer[2-7]\..*)\.conv\.2\.(?=weight)", r"\1.conv.2.conv."),
            (r"^(layer[2-7]\..*)\.conv\.3\.", r"\1.conv.2.bn."),
            (r"^classifier\.1\.", "head.fc."),
        ),
    ),
    Layout(
        "torchvision", "mobilenet_v3",
        marks=(r"^features\.1\.block\.0\.0\.weight", r"^classifier\.3\.weight"),
        prepare=(name_inverted_residuals,),
        rules=(
            (r"^features\.(?P<place>\d+)\.(?P<part>[01])\.", table("layer{place}.{part}.", part=CONV_BN)),
            (r"^features\.(\d+)\.", r"layer\1."),
            (r"^classifier\.0\.", "head.layers.0.fc."),
            (r"^classifier\.3\.", "head.layers.1.fc."),
        ),
    ),
    Layout(
        "torchvision", "efficientnet",
        marks=(r"^features\.1\.0\.block\.0\.0\.weight", r"^classifier\.1\.weight"),
        without=(r"layer_scale",),
        prepare=(name_inverted_residuals, merge_stages),
        rules=((r"^classifier\.1\.", "head.fc."),),
    ),
    Layout(
        "torchvision", "regnet",
        marks=(r"^trunk_output\.block1\.",),
        rules=(
            (r"^stem\.0\.", "conv1."),
            (r"^stem\.1\.", "bn1."),
            (r"^trunk_output\.block(\d+)\.block\d+-(\d+)\.", r"layer\1.\2."),
            (r"\.proj\.", ".downsample."),
            (r"\.f\.(?P<part>[abc])\.(?P<kind>[01])\.",
             table(".{kind}{part}.", part={"a": "1", "b": "2", "c": "3"}, kind={"0": "conv", "1": "bn"})),
            (r"^fc\.", "head.fc."),
        ),
    ),
    Layout(
        "torchvision", "convnext",
        marks=(r"^features\.1\.0\.layer_scale", r"^features\.1\.0\.block\.0\.weight"),
        rules=(
            (r"^features\.(?P<stage>[0246])\.",
             number("downsample_layers.{stage}.", stage=lambda n: n // 2)),
            (r"^features\.(?P<stage>[1357])\.", number("stages.{stage}.", stage=lambda n: n // 2)),
            (r"\.layer_scale$", ".gamma"),
            (r"\.block\.0\.", ".depthwise_conv."),
            (r"\.block\.2\.", ".norm."),
            (r"\.block\.3\.", ".pointwise_conv1."),
            (r"\.block\.5\.", ".pointwise_conv2."),
            (r"^classifier\.0\.", "norm3."),
            (r"^classifier\.2\.", "head.fc."),
        ),
        tensors=((r"\.gamma$", flat),),
    ),
    Layout(
        "torchvision", "swin",
        marks=(r"^features\.1\.0\.attn\.relative_position_bias_table",),
        rules=((MERGING, number("stages.{stage}.downsample.", stage=lambda n: n // 2 - 1)), *SWIN),
        tensors=(
            (r"downsample\.", unfold_order),
            (r"relative_position_index$", square),
        ),
    ),
    Layout(
        "torchvision", "swin_v2",
        marks=(r"^features\.1\.0\.attn\.logit_scale",),
        prepare=(split_qkv_bias,),
        rules=((MERGING, number("stages.{stage}.downsample.", stage=lambda n: n // 2)), *SWIN),
        tensors=(
            (r"downsample\.reduction\.", unfold_order),
            (r"relative_position_index$", square),
        ),
    ),
    Layout(
        "torchvision", "vit",
        marks=(r"^class_token$", r"^encoder\.layers\.encoder_layer_0\."),
        rules=(
            (r"^class_token$", "cls_token"),
            (r"^conv_proj\.", "patch_embed.projection."),
            (r"^encoder\.pos_embedding$", "pos_embed"),
            (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"layers.\1."),
            (r"\.ln_([12])\.", r".ln\1."),
            (r"\.self_attention\.in_proj_", ".attn.qkv."),
            (r"\.self_attention\.out_proj\.", ".attn.proj."),
            (r"\.mlp\.(?:0|linear_1)\.", ".ffn.layers.0.0."),
            (r"\.mlp\.(?:3|linear_2)\.", ".ffn.layers.1."),
            (r"^encoder\.ln\.", "ln1."),
            (r"^heads\.head\.", "head.layers.head."),
        ),
        tensors=((r"cls_token$", token),),
    ),
    Layout(
        "torchvision", "shufflenet_v2",
        marks=(r"^stage2\.0\.branch1\.0\.weight", r"^conv5\.0\.weight"),
        rules=(
            (r"^conv1\.(?P<part>[01])\.", table("conv1.{part}.", part=CONV_BN)),
            (r"^conv5\.(?P<part>[01])\.", table("layers.3.{part}.", part=CONV_BN)),
            (r"^stage(?P<stage>\d)\.", number("layers.{stage}.", stage=lambda n: n - 2)),
            *((rf"\.branch{branch}\.(?P<part>\d)\.", table(f".branch{branch}.{{part}}.", part=places))
              for branch, places in SHUFFLE_BRANCHES.items()),
            (r"^fc\.", "head.fc."),
        ),
    ),
)  # fmt: skip
