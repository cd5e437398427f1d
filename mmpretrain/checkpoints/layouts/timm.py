"""The layouts of timm's convolutional networks and hierarchical transformers, and of their authors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from mmpretrain.checkpoints.layouts.layout import Layout, Rules, Tensors, number, table
from mmpretrain.checkpoints.layouts.tensors import matrix, unfold_order, vector

#: The parts of a block of timm's mobile networks -> here, by what the block begins with.
DEPTHWISE = {"conv_dw": "depthwise_conv.conv", "bn1": "depthwise_conv.bn",
             "conv_pw": "linear_conv.conv", "bn2": "linear_conv.bn"}  # fmt: skip
INVERTED = {"conv_pw": "expand_conv.conv", "bn1": "expand_conv.bn", "conv_dw": "depthwise_conv.conv",
            "bn2": "depthwise_conv.bn", "conv_pwl": "linear_conv.conv", "bn3": "linear_conv.bn"}  # fmt: skip
EDGE = {"conv_exp": "conv1.conv", "bn1": "conv1.bn", "conv_pwl": "conv2.conv", "bn2": "conv2.bn"}
PLAIN = {"conv": "conv", "bn1": "bn"}
SQUEEZE = {"se.conv_reduce": "se.conv1.conv", "se.conv_expand": "se.conv2.conv"}
#: The positions in the stem of ResNet-D; after the last convolution comes ``bn1``.
DEEP_STEM = {"0": "0.conv", "1": "0.bn", "3": "1.conv", "4": "1.bn", "6": "2.conv"}
#: MobileNetV2 numbers the parts of its blocks.
NUMBERS = {"expand_conv": "conv.0", "depthwise_conv": "conv.1", "linear_conv": "conv.2"}

BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.((?:se\.)?\w+)\.(\w+)$")


#: From the number of blocks of each stage, and whether the first block is a plain convolution, to a function
#: from the numbers of a stage and a block to where the block is here.
Placing = Callable[[list[int], bool], Callable[[int, int], str]]


def name_blocks(place: Placing) -> Callable[[Tensors], Tensors]:
    """Make a step that names the parts of the blocks of timm's mobile networks."""

    def step(weights: Tensors) -> Tensors:
        parts: dict[tuple[int, int], set[str]] = {}
        for match in filter(None, map(BLOCK.match, weights)):
            parts.setdefault((int(match[1]), int(match[2])), set()).add(match[3])
        sizes = [sum(stage == s for s, _ in parts) for stage in sorted({stage for stage, _ in parts})]
        where = place(sizes, "conv" in parts[0, 0])
        renamed = {}
        for key, value in weights.items():
            if match := BLOCK.match(key):
                at = (int(match[1]), int(match[2]))
                key = f"{where(*at)}{_part_names(parts[at])[match[3]]}.{match[4]}"
            renamed[key] = value
        return renamed

    return step


def _part_names(parts: set[str]) -> dict[str, str]:
    names = EDGE if "conv_exp" in parts else INVERTED if "conv_pwl" in parts else DEPTHWISE
    return {**(names if "conv" not in parts else PLAIN), **SQUEEZE}


def _efficientnet(sizes: list[int], is_v2: bool) -> Callable[[int, int], str]:
    # Stages of stride 1 (the fifth and the seventh) continue the layer before; not in V2.
    joins = set() if is_v2 else {4, 6}

    def where(stage: int, block: int) -> str:
        layer = 1 + stage - sum(join <= stage for join in joins)
        return f"layers.{layer}.{block + (sizes[stage - 1] if stage in joins else 0)}."

    return where


def _is_efficientnet(weights: Mapping[str, Tensor]) -> bool:
    """Tell EfficientNet from MobileNetV2: lite models have the same keys, but larger kernels."""
    if any(re.search(r"\.(?:conv_exp|se\.conv_reduce)\.weight", key) for key in weights):
        return True
    kernel = weights.get("blocks.2.0.conv_dw.weight")
    return kernel is not None and kernel.shape[-1] == 5


def _name_efficientnet_last(weights: Tensors) -> Tensors:
    """Number the last convolution of EfficientNet, after the layers of blocks."""
    last = 1 + max(int(match[1]) for key in weights if (match := re.match(r"layers\.(\d+)\.", key)))
    names = {"conv_head": f"layers.{last}.conv", "bn2": f"layers.{last}.bn"}
    return {re.sub(r"^(conv_head|bn2)(?=\.)", lambda m: names[m[1]], key): v for key, v in weights.items()}


def _mobilenet_v3(sizes: list[int], is_v2: bool) -> Callable[[int, int], str]:
    return lambda stage, block: f"layer{1 + sum(sizes[:stage]) + block}."


def _mobilenet_v2(sizes: list[int], is_v2: bool) -> Callable[[int, int], str]:
    return lambda stage, block: f"layer{1 + stage}.{block}."


def _number_parts(weights: Tensors) -> Tensors:
    """MobileNetV2: parts by number, in blocks without an expansion from the depthwise convolution on."""
    expanded = {key.partition(".expand_conv")[0] for key in weights if ".expand_conv." in key}

    def name(match: re.Match[str]) -> str:
        position = tuple(NUMBERS).index(match[2]) - (match[1] not in expanded)
        return f"{match[1]}.conv.{position}."

    return {re.sub(rf"^(.*)\.({'|'.join(NUMBERS)})\.", name, key): v for key, v in weights.items()}


MOBILE_MARKS = (r"^conv_stem\.weight", r"^blocks\.0\.0\.", r"^conv_head\.weight")

SWIN: Rules = (
    (r"attn_mask$", None),
    (r"^patch_embed\.proj\.", "patch_embed.projection."),
    (r"^layers\.(\d+)\.", r"stages.\1."),
    (r"\.attn\.", ".attn.w_msa."),
    (r"\.mlp\.fc1\.", ".ffn.layers.0.0."),
    (r"\.mlp\.fc2\.", ".ffn.layers.1."),
    (r"^norm\.", "norm3."),
    (r"^head\.(?:fc\.)?", "head.fc."),
)


def swin(source: str, family: str, mark: str, shift: int) -> Layout:
    """The layout of a Swin Transformer.

    Args:
        source: Who writes it.
        family: Version 1 or 2.
        mark: What tells the sources apart: a merging begins a stage (timm) or ends the one before.
        shift: From the number of a merging's stage there to that here.
    """
    v2 = family == "swin_v2"
    merging = number("layers.{stage}.", stage=lambda n: n + shift)
    return Layout(
        source,
        family,
        marks=(mark, r"\.attn\.logit_scale$" if v2 else r"\.attn\.relative_position_bias_table$"),
        rules=((r"^layers\.(?P<stage>\d)\.(?=downsample)", merging), *SWIN),
        tensors=((r"downsample\.reduction\." if v2 else r"downsample\.", unfold_order),),
    )


LAYOUTS = (
    Layout(
        "timm", "resnet_d",
        marks=(r"^conv1\.6\.weight", r"^layer4\.0\.conv1\.weight"),
        rules=(
            (r"^conv1\.(?P<part>\d)\.",
             table("stem.{part}.", part=DEEP_STEM)),
            (r"^bn1\.", "stem.2.bn."),
            # The first stage does not pool; timm counts an identity there.
            (r"^layer1\.0\.downsample\.(?P<i>[12])\.", number("layer1.0.downsample.{i}.", i=lambda n: n - 1)),
            (r"^fc\.", "head.fc."),
            (r"\.se\.fc(\d)\.", r".se_layer.conv\1.conv."),
        ),
    ),
    Layout(
        "timm", "regnet",
        marks=(r"^s1\.b1\.conv1\.conv\.weight",),
        rules=(
            (r"^stem\.conv\.", "conv1."),
            (r"^stem\.bn\.", "bn1."),
            (r"^s(?P<stage>\d)\.b(?P<block>\d+)\.", number("layer{stage}.{block}.", block=lambda n: n - 1)),
            (r"\.conv(\d)\.conv\.", r".conv\1."),
            (r"\.conv(\d)\.bn\.", r".bn\1."),
            (r"\.downsample\.conv\.", ".downsample.0."),
            (r"\.downsample\.bn\.", ".downsample.1."),
            (r"^head\.fc\.", "head.fc."),
        ),
    ),
    Layout(
        "timm", "efficientnet",
        marks=(*MOBILE_MARKS, r"^bn2\.weight"),
        condition=_is_efficientnet,
        prepare=(name_blocks(_efficientnet), _name_efficientnet_last),
        rules=(
            (r"^conv_stem\.", "layers.0.conv."),
            (r"^bn1\.", "layers.0.bn."),
            (r"^classifier\.", "head.fc."),
        ),
    ),
    Layout(
        "timm", "mobilenet_v3",
        marks=(*MOBILE_MARKS, r"^conv_head\.bias"),
        prepare=(name_blocks(_mobilenet_v3),),
        rules=(
            (r"^conv_stem\.", "layer0.conv."),
            (r"^bn1\.", "layer0.bn."),
            (r"^conv_head\.", "head.layers.0.fc."),
            (r"^classifier\.", "head.layers.1.fc."),
        ),
        tensors=((r"^(?:backbone\.)?head\.layers\.0\.fc\.weight", matrix),),
    ),
    Layout(
        "timm", "mobilenet_v2",
        marks=(*MOBILE_MARKS, r"^bn2\.weight"),
        prepare=(name_blocks(_mobilenet_v2), _number_parts),
        rules=(
            (r"^conv_stem\.", "conv1.conv."),
            (r"^bn1\.", "conv1.bn."),
            (r"^conv_head\.", "conv2.conv."),
            (r"^bn2\.", "conv2.bn."),
            (r"^classifier\.", "head.fc."),
        ),
    ),
    Layout(
        "timm", "repvgg",
        marks=(r"^stem\.conv_kxk\.conv\.weight", r"^stages\.0\.0\.conv_kxk\."),
        rules=(
            (r"^stages\.(?P<stage>\d)\.", number("stage_{stage}.", stage=lambda n: n + 1)),
            (r"\.identity\.", ".branch_norm."),
            (r"\.conv_kxk\.bn\.", ".branch_3x3.norm."),
            (r"\.conv_1x1\.bn\.", ".branch_1x1.norm."),
            (r"\.conv_kxk\.", ".branch_3x3."),
            (r"\.conv_1x1\.", ".branch_1x1."),
            (r"\.attn\.fc(\d)\.", r".se_layer.conv\1.conv."),
        ),
    ),
    Layout(
        "official", "repvgg",
        marks=(r"^stage0\.rbr_dense\.conv\.weight", r"^linear\.weight"),
        rules=(
            (r"^stage0\.", "stem."),
            (r"^stage(\d)\.", r"stage_\1."),
            (r"\.rbr_identity\.", ".branch_norm."),
            (r"\.rbr_dense\.", ".branch_3x3."),
            (r"\.rbr_1x1\.", ".branch_1x1."),
            (r"\.bn\.", ".norm."),
            (r"\.se\.down\.", ".se_layer.conv1.conv."),
            (r"\.se\.up\.", ".se_layer.conv2.conv."),
            (r"^linear\.", "head.fc."),
        ),
    ),
    Layout(
        "timm", "convnext",
        marks=(r"^stem\.0\.weight", r"^stages\.0\.blocks\.0\.conv_dw\.weight", r"^head\.norm\."),
        without=(r"\.xca\.",),  # EdgeNeXt
        rules=(
            (r"^stem\.", "downsample_layers.0."),
            (r"^stages\.(\d)\.downsample\.", r"downsample_layers.\1."),
            (r"^stages\.(\d)\.blocks\.", r"stages.\1."),
            (r"\.conv_dw\.", ".depthwise_conv."),
            (r"\.mlp\.fc([12])\.", r".pointwise_conv\1."),
            (r"\.mlp\.grn\.weight$", ".grn.gamma"),
            (r"\.mlp\.grn\.bias$", ".grn.beta"),
            (r"^head\.norm\.", "norm3."),
        ),
        tensors=((r"pointwise_conv\d\.weight$", matrix), (r"gamma$|beta$", vector)),
    ),
    Layout(
        "official", "convnext",
        marks=(r"^downsample_layers\.0\.0\.weight", r"^stages\.0\.0\.dwconv\.weight"),
        without=(r"\.(?:gnconv|xca)\.",),
        rules=(
            (r"\.dwconv\.", ".depthwise_conv."),
            (r"\.pwconv([12])\.", r".pointwise_conv\1."),
            (r"^norms\.", None),  # as DINOv3 has the last norm, a second time
            (r"^norm\.", "norm3."),
            (r"^head\.", "head.fc."),
        ),
        tensors=((r"gamma$|beta$", vector),),
    ),
    swin("timm", "swin", r"^layers\.3\.downsample\.", shift=-1),
    swin("official", "swin", r"^layers\.0\.downsample\.", shift=0),
    swin("timm", "swin_v2", r"^layers\.3\.downsample\.", shift=0),
    swin("official", "swin_v2", r"^layers\.0\.downsample\.", shift=1),
)  # fmt: skip
