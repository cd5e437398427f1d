"""The layouts of timm and of the authors for HRNet, Inception, and hybrids of CNN and transformer."""

from __future__ import annotations

import re

from mmpretrain.checkpoints.layouts.layout import Layout, Rules, Tensors, number, table
from mmpretrain.checkpoints.layouts.tensors import vector

#: The part of HRNet that is a neck here.
HR_NECK: Rules = (
    (r"^incre_modules\.", "neck.0.increase_layers."),
    (r"^downsamp_modules\.(\d)\.0\.", r"neck.0.downsample_layers.\1.conv."),
    (r"^downsamp_modules\.(\d)\.1\.", r"neck.0.downsample_layers.\1.bn."),
    (r"^final_layer\.0\.", "neck.0.final_layer.conv."),
    (r"^final_layer\.1\.", "neck.0.final_layer.bn."),
    (r"^classifier\.", "head.fc."),
)

#: The convolutions of an inverted residual in timm's MobileViT, and in that of the authors -> here.
INVERTED = {"conv1_1x1": "0", "conv2_kxk": "1", "conv3_1x1": "2"}
INVERTED_OFFICIAL = {"exp_1x1": "0", "conv_3x3": "1", "red_1x1": "2"}

FFN: Rules = ((r"\.mlp\.fc1\.", ".ffn.layers.0.0."), (r"\.mlp\.fc2\.", ".ffn.layers.1."))


def drop_biases(weights: Tensors) -> Tensors:
    """HRNet: a bias before a batch norm shifts its mean, and nothing else."""
    dropped = dict(weights)
    for key in weights:
        if match := re.match(r"(downsamp_modules\.\d|final_layer)\.0\.bias$", key):
            mean = f"{match[1]}.1.running_mean"
            dropped[mean] = dropped[mean] - dropped.pop(key)
    return dropped


def close_transformers(weights: Tensors) -> Tensors:
    """MobileViT: the norm after a transformer is its last layer here."""
    depths: dict[str, int] = {}
    for key in weights:
        if match := re.match(r"(stages\.\d+\.\d+\.)transformer\.(\d+)\.", key):
            depths[match[1]] = max(depths.get(match[1], 0), int(match[2]) + 1)

    def name(match: re.Match[str]) -> str:
        return f"{match[1]}transformer.{depths[match[1]]}."

    return {re.sub(r"^(stages\.\d+\.\d+\.)norm\.", name, key): value for key, value in weights.items()}


def number_levit(weights: Tensors) -> Tensors:
    """LeViT of timm: attention and feed-forward networks get numbers, after what leads to a stage."""

    def name(match: re.Match[str]) -> str:
        first = 0 if match["stage"] == "0" else 2
        place = first + 2 * int(match["block"]) + (match["part"] == "mlp")
        return f"stages.{match['stage']}.{place}.block."

    blocks = re.compile(r"^stages\.(?P<stage>\d)\.blocks\.(?P<block>\d+)\.(?P<part>attn|mlp)\.")
    return {blocks.sub(name, key): value for key, value in weights.items()}


def stage_levit(weights: Tensors) -> Tensors:
    """LeViT of its authors: the blocks of all stages are in one row; a stage begins with a ``kv``."""
    starts = sorted({int(m[1]) for key in weights if (m := re.match(r"blocks\.(\d+)\.kv\.", key))})

    def name(match: re.Match[str]) -> str:
        place = int(match[1])
        before = [start for start in starts if start <= place]
        own = place in starts
        at = place - (before[-1] if before else 0)
        return f"stages.{len(before)}.{at}." if own else f"stages.{len(before)}.{at}.block."

    return {re.sub(r"^blocks\.(\d+)\.(?:m\.)?", name, key): value for key, value in weights.items()}


LEVIT_HEAD: Rules = ((r"^head_dist\.", "head.head_dist."), (r"^head\.(?=bn|linear|l\.)", "head.head."))

LAYOUTS = (
    Layout(
        "timm", "hrnet",
        marks=(r"^stage4\.0\.fuse_layers\.", r"^incre_modules\.0\.", r"^classifier\."),
        prepare=(drop_biases,),
        rules=HR_NECK,
    ),
    Layout(
        "torchvision", "inception_v3",
        marks=(r"^Conv2d_1a_3x3\.conv\.weight", r"^Mixed_7c\."),
        rules=(),
    ),
    Layout(
        "timm", "mobilevit",
        marks=(r"^stages\.0\.0\.conv1_1x1\.conv\.weight", r"^stages\.2\.1\.transformer\."),
        prepare=(close_transformers,),
        rules=(
            (r"^stages\.", "layers."),
            (r"^(?P<block>layers\.\d\.\d)\.(?P<conv>conv[123]_\w+)\.(?=conv\.|bn\.)",
             table("{block}.conv.{conv}.", conv=INVERTED)),
            (r"\.conv_kxk\.", ".local_rep.0."),
            (r"\.conv_1x1\.", ".local_rep.1.conv."),
            (r"\.transformer\.", ".global_rep."),
            (r"\.norm1\.", ".ln1."),
            (r"\.norm2\.", ".ln2."),
            *FFN,
            (r"^final_conv\.", "conv_1x1_exp."),
        ),
    ),
    Layout(
        "official", "mobilevit",
        marks=(r"^conv_1\.block\.conv\.weight", r"^layer_3\.1\.global_rep\.0\.pre_norm_mha\.0\."),
        rules=(
            (r"^conv_1\.", "stem."),
            (r"\.block\.norm\.", ".bn."),
            (r"\.block\.conv\.", ".conv."),
            (r"^layer_(?P<i>\d)\.(?P<j>\d+)\.block\.(?P<conv>\w+)\.",
             table("layer_{i}.{j}.conv.{conv}.", conv=INVERTED_OFFICIAL)),
            (r"^layer_(?P<i>\d)\.", number("layers.{i}.", i=lambda n: n - 1)),
            (r"\.local_rep\.conv_3x3\.", ".local_rep.0."),
            (r"\.local_rep\.conv_1x1\.", ".local_rep.1."),
            (r"\.pre_norm_mha\.0\.", ".ln1."),
            (r"\.pre_norm_mha\.1\.qkv_proj\.", ".attn.qkv."),
            (r"\.pre_norm_mha\.1\.out_proj\.", ".attn.proj."),
            (r"\.pre_norm_ffn\.0\.", ".ln2."),
            (r"\.pre_norm_ffn\.1\.", ".ffn.layers.0.0."),
            (r"\.pre_norm_ffn\.4\.", ".ffn.layers.1."),
            (r"\.fusion\.", ".conv_fusion."),
            (r"^classifier\.fc\.", "head.fc."),
        ),
    ),
    Layout(
        "timm", "efficientformer",
        marks=(r"^stem\.conv1\.weight", r"\.token_mixer\.attention_biases$", r"^stages\.0\.blocks\.0\.ls1\."),
        rules=(
            (r"^stem\.conv(?P<i>\d)\.", number("patch_embed.{i}.conv.", i=lambda n: n - 1)),
            (r"^stem\.norm(?P<i>\d)\.", number("patch_embed.{i}.bn.", i=lambda n: n - 1)),
            (r"^stages\.(\d)\.downsample\.conv\.", r"network.\1.0.conv."),
            (r"^stages\.(\d)\.downsample\.norm\.", r"network.\1.0.bn."),
            (r"^stages\.0\.blocks\.", "network.0."),
            (r"^stages\.(?P<stage>[1-3])\.blocks\.(?P<block>\d+)\.",
             number("network.{stage}.{block}.", block=lambda n: n + 1)),
            (r"\.(ls[12])\.gamma$", r".\1.weight"),
            (r"^norm\.", "norm3."),
            (r"^head_dist\.", "head.dist_head."),
            (r"^head\.(?=weight|bias)", "head.head."),
        ),
    ),
    Layout(
        "official", "efficientformer",
        marks=(r"^patch_embed\.0\.weight", r"^network\.0\.0\.layer_scale_1", r"mixer\.attention_biases$"),
        rules=(
            (r"^patch_embed\.0\.", "patch_embed.0.conv."),
            (r"^patch_embed\.1\.", "patch_embed.0.bn."),
            (r"^patch_embed\.3\.", "patch_embed.1.conv."),
            (r"^patch_embed\.4\.", "patch_embed.1.bn."),
            (r"^network\.(?P<i>[135])\.proj\.", number("network.{i}.0.conv.", i=lambda n: (n + 1) // 2)),
            (r"^network\.(?P<i>[135])\.norm\.", number("network.{i}.0.bn.", i=lambda n: (n + 1) // 2)),
            (r"^network\.(?P<i>[246])\.(?P<block>\d+)\.(?=token_mixer|norm|mlp|layer)",
             number("network.{i}.{block}.", i=lambda n: n // 2, block=lambda n: n + 1)),
            (r"\.layer_scale_([12])$", r".ls\1.weight"),
            (r"^norm\.", "norm3."),
            (r"^dist_head\.", "head.dist_head."),
            (r"^head\.(?=weight|bias)", "head.head."),
        ),
        tensors=((r"\.ls[12]\.weight$", vector),),
    ),
    Layout(
        "timm", "levit",
        marks=(r"^stem\.conv1\.linear\.weight", r"\.attn_downsample\.kv\.linear\."),
        prepare=(number_levit,),
        rules=(
            (r"^stem\.conv(?P<i>\d)\.linear\.",
             number("patch_embed.patch_embed.{i}.conv.", i=lambda n: 2 * (n - 1))),
            (r"^stem\.conv(?P<i>\d)\.bn\.",
             number("patch_embed.patch_embed.{i}.bn.", i=lambda n: 2 * (n - 1))),
            (r"^stages\.(\d)\.downsample\.attn_downsample\.", r"stages.\1.0."),
            (r"^stages\.(\d)\.downsample\.mlp\.", r"stages.\1.1.block."),
            (r"\.(proj|q)\.ln\.", r".\1.1."),
            (r"\.ln([12])\.", r".linear\1."),
            *LEVIT_HEAD,
        ),
    ),
    Layout(
        "official", "levit",
        marks=(r"^patch_embed\.0\.c\.weight", r"^blocks\.0\.m\.qkv\.c\.weight"),
        prepare=(stage_levit,),
        rules=(
            (r"^patch_embed\.(\d)\.c\.", r"patch_embed.patch_embed.\1.conv."),
            (r"^patch_embed\.(\d)\.bn\.", r"patch_embed.patch_embed.\1.bn."),
            (r"\.block\.0\.", ".block.linear1."),
            (r"\.block\.2\.", ".block.linear2."),
            (r"\.c\.", ".linear."),
            *LEVIT_HEAD,
            (r"^(head\.head(?:_dist)?)\.l\.", r"\1.linear."),
        ),
    ),
    Layout(
        "timm", "tinyvit",
        marks=(r"^patch_embed\.conv1\.conv\.weight", r"^stages\.1\.blocks\.0\.local_conv\.conv\."),
        rules=(
            (r"^patch_embed\.conv(?P<i>\d)\.", number("patch_embed.seq.{i}.", i=lambda n: 2 * (n - 1))),
            (r"^stages\.(?P<i>\d)\.downsample\.", number("stages.{i}.downsample.", i=lambda n: n - 1)),
            (r"\.conv\.", ".conv2d."),
            (r"\.bn\.", ".bn2d."),
            (r"attention_bias_idxs$", None),
            (r"^head\.norm\.", "norm3."),
        ),
    ),
    Layout(
        "official", "tinyvit",
        marks=(r"^patch_embed\.seq\.0\.c\.weight", r"^layers\.1\.blocks\.0\.local_conv\.c\."),
        rules=(
            (r"^layers\.", "stages."),
            (r"\.c\.", ".conv2d."),
            (r"\.bn\.", ".bn2d."),
            (r"attention_bias_idxs$", None),
            (r"^norm_head\.", "norm3."),
            (r"^head\.", "head.fc."),
        ),
    ),
    Layout(
        "official", "replknet",
        marks=(r"^stages\.0\.blocks\.0\.large_kernel\.", r"^stem\.0\.conv\.weight", r"^head\.weight"),
        rules=((r"^norm\.", "stages.3.norm."), (r"^head\.", "head.fc.")),
    ),
    Layout(
        "official", "conformer",
        marks=(r"^trans_patch_conv\.weight", r"^trans_1\.norm1\.weight"),
        rules=(
            (r"^(conv|trans)_cls_head\.", r"head.\1_cls_head."),
            (r"\.norm([12])\.", r".ln\1."),
            *FFN,
        ),
    ),
)  # fmt: skip
