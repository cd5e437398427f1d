"""The layouts of timm and the authors for DaViT, MViT, MixMIM, RevViT, SAM, T2T-ViT, TNT, ViG and RepMLP."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from mmpretrain.checkpoints.layouts.layout import Layout, Rules, Tensors, number, table
from mmpretrain.checkpoints.layouts.tensors import join_qkv, matrix, unfold_order
from mmpretrain.checkpoints.layouts.transformers import BLOCKS, DECODER

FFN: Rules = ((r"\.mlp\.fc1\.", ".ffn.layers.0.0."), (r"\.mlp\.fc2\.", ".ffn.layers.1."))
HEAD: Rules = ((r"^head\.(?=weight|bias)", "head.fc."),)
PATCHES: Rules = ((r"^patch_embed\.proj\.", "patch_embed.projection."),)

#: The two blocks of a pair in DaViT.
DUAL = {"0": "spatial_block", "1": "channel_block"}
DAVIT: Rules = ((r"\.spatial_block\.attn\.", ".spatial_block.attn.w_msa."), *FFN)

#: The parts of a block of TNT: those of pixels, what leads to patches, those of patches.
TNT = {
    "norm_in": "inner_block.norm_attn", "attn_in": "inner_block.attn.attn", "mlp_in": "inner_block.mlp",
    "norm_mlp_in": "inner_block.norm_ffn", "norm1_proj": "norm_proj", "proj": "projection",
    "norm_out": "outer_block.norm_attn", "attn_out": "outer_block.attn.attn", "mlp": "outer_block.mlp",
    "norm_mlp": "outer_block.norm_ffn",
}  # fmt: skip

#: The classifier of ViG, of 1×1 convolutions there.
VIG_HEAD: Rules = (
    (r"^stem\.convs\.", "stem."),
    (r"^prediction\.0\.", "head.fc1."),
    (r"^prediction\.1\.", "head.bn."),
    (r"^prediction\.4\.", "head.fc2."),
)


def number_mvit(weights: Tensors) -> Tensors:
    """MViT of timm: the blocks of all stages are in one row here."""
    blocks = re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\.")
    places = sorted({(int(m[1]), int(m[2])) for m in map(blocks.match, weights) if m})
    row = {place: i for i, place in enumerate(places)}
    return {
        blocks.sub(lambda m: f"blocks.{row[int(m[1]), int(m[2])]}.", key): value
        for key, value in weights.items()
    }


def join_queries_and_keys(weights: Tensors) -> Tensors:
    """TNT of timm: queries and keys have one projection, values another; here all have one."""
    joined = dict(weights)
    for key in weights:
        if match := re.match(r"(.*\.attn_(?:in|out)\.)qk\.(weight|bias)$", key):
            parts = [joined.pop(key), joined.pop(f"{match[1]}v.{match[2]}")]
            joined[f"{match[1]}in_proj_{match[2]}"] = torch.cat(parts)
    return joined


def join_heads(weights: Tensors) -> Tensors:
    """RevViT of its authors: make one ``qkv`` of ``q``, ``k`` and ``v``."""
    names = {"q": "q_proj", "k": "k_proj", "v": "v_proj"}
    renamed = {
        re.sub(r"(?<=\.attn\.)([qkv])(?=\.(?:weight|bias)$)", lambda m: names[m[1]], key): value
        for key, value in weights.items()
    }
    return join_qkv(renamed)


def stage_vig(weights: Tensors) -> Tensors:
    """Pyramid ViG of its authors: stages and what halves the map between them are in one row."""
    halvings = sorted({int(m[1]) for key in weights if (m := re.match(r"backbone\.(\d+)\.conv\.", key))})

    def name(match: re.Match[str]) -> str:
        place = int(match[1])
        before = [start for start in halvings if start <= place]
        return f"stages.{len(before)}.{place - (before[-1] if before else 0)}."

    return {re.sub(r"^backbone\.(\d+)\.(?:conv\.)?", name, key): value for key, value in weights.items()}


def unshifted(weights: Mapping[str, Tensor]) -> bool:
    """Tell MixMIM from Swin: it has positions, and no masks of shifted windows."""
    return not any(key.endswith("attn_mask") for key in weights)


SAM_MARKS = (r"^pos_embed$", r"^patch_embed\.proj\.", r"\.attn\.rel_pos_h$", r"^neck\.0\.weight")
SAM: Rules = (
    (r"\.mlp\.lin1\.", ".mlp.fc1."),
    (r"\.mlp\.lin2\.", ".mlp.fc2."),
    *BLOCKS,
    (r"^neck\.", "channel_reduction."),
)

LAYOUTS = (
    Layout(
        "timm", "davit",
        marks=(r"^stem\.conv\.weight", r"^stages\.0\.blocks\.0\.1\.cpe1\."),
        rules=(
            (r"^stem\.conv\.", "patch_embed.projection."),
            (r"^stem\.norm\.", "patch_embed.norm."),
            (r"^stages\.(?P<i>\d)\.downsample\.", number("stages.{i}.downsample.", i=lambda n: n - 1)),
            (r"\.downsample\.conv\.", ".downsample.projection."),
            (r"^stages\.(?P<i>\d)\.blocks\.(?P<j>\d+)\.(?P<kind>[01])\.",
             table("stages.{i}.blocks.{j}.{kind}.", kind=DUAL)),
            *DAVIT,
            (r"^head\.norm\.", "norm3."),
        ),
    ),
    Layout(
        "official", "davit",
        marks=(r"^patch_embeds\.0\.proj\.weight", r"^main_blocks\.0\.0\.1\.cpe\.0\."),
        rules=(
            (r"^patch_embeds\.0\.", "patch_embed."),
            (r"^patch_embeds\.(?P<i>\d)\.", number("stages.{i}.downsample.", i=lambda n: n - 1)),
            (r"^(patch_embed|stages\.\d\.downsample)\.proj\.", r"\1.projection."),
            (r"^main_blocks\.(?P<i>\d)\.(?P<j>\d+)\.(?P<kind>[01])\.",
             table("stages.{i}.blocks.{j}.{kind}.", kind=DUAL)),
            (r"\.cpe\.0\.", ".cpe1."),
            (r"\.cpe\.1\.", ".cpe2."),
            *DAVIT,
            (r"^norms\.", "norm3."),
            *HEAD,
        ),
    ),
    Layout(
        "timm", "mvit",
        marks=(r"^patch_embed\.proj\.weight", r"^stages\.0\.blocks\.0\.attn\.pool_q\.weight"),
        without=(r"^cls_token$",),
        prepare=(number_mvit,),
        rules=(
            *PATCHES,
            (r"\.shortcut_proj_attn\.", ".proj."),
            (r"^norm\.", "norm3."),
        ),
    ),
    Layout(
        "official", "mvit",
        marks=(r"^patch_embed\.proj\.weight", r"^blocks\.0\.attn\.pool_q\.weight"),
        without=(r"^cls_token$",),
        rules=(*PATCHES, (r"^norm\.", "norm3."), (r"^head\.projection\.", "head.fc.")),
    ),
    Layout(
        "official", "mixmim",
        marks=(r"^absolute_pos_embed$", r"^layers\.0\.downsample\.", r"\.relative_position_bias_table$"),
        condition=unshifted,
        rules=(
            *DECODER,
            *PATCHES,
            (r"^(layers\..*)\.norm([12])\.", r"\1.ln\2."),
            *FFN,
            *HEAD,
        ),
        tensors=((r"\.downsample\.", unfold_order),),
    ),
    Layout(
        "official", "revvit",
        marks=(r"^patch_embed\.proj\.weight", r"^rev_backbone\.layers\.0\.F\.attn\."),
        prepare=(join_heads,),
        rules=(
            *PATCHES,
            (r"^rev_backbone\.", ""),
            (r"\.F\.norm\.", ".ln1."),
            (r"\.F\.attn\.", ".attn."),
            (r"\.G\.norm\.", ".ln2."),
            (r"\.G\.mlp\.", ".mlp."),
            *FFN,
            (r"^norm\.", "ln1."),
            (r"^head\.projection\.", "head.fc."),
        ),
    ),
    Layout(
        "official", "sam",
        marks=(r"^image_encoder\.pos_embed$", r"^image_encoder\.neck\.0\.weight"),
        rules=((r"^(?!image_encoder\.)", None), (r"^image_encoder\.", ""), *SAM),
    ),
    Layout("timm", "sam", marks=SAM_MARKS, rules=SAM),
    Layout(
        "official", "t2t_vit",
        marks=(r"^tokens_to_token\.attention1\.attn\.qkv\.weight", r"^blocks\.0\.norm1\.weight"),
        rules=(
            (r"^blocks\.", "encoder."),
            (r"\.norm([12])\.", r".ln\1."),
            *FFN,
            *HEAD,
        ),
    ),
    Layout(
        "timm", "tnt",
        marks=(r"^pixel_embed\.proj\.weight", r"^blocks\.0\.attn_in\.qk\.weight"),
        # Later models normalise pixels per patch, and once more after the projection.
        without=(r"^blocks\.0\.norm2_proj\.",),
        prepare=(join_queries_and_keys,),
        rules=(
            (r"^blocks\.(?P<i>\d+)\.(?P<part>\w+)\.", table("layers.{i}.{part}.", part=TNT)),
            (r"\.attn\.attn\.proj\.", ".attn.attn.out_proj."),
            *FFN,
            (r"^proj\.", "projection."),
            *HEAD,
        ),
    ),
    Layout(
        "official", "pyramid_vig",
        marks=(r"^stem\.convs\.0\.weight", r"^backbone\.0\.0\.graph_conv\.", r"^backbone\.\d+\.conv\.0\."),
        prepare=(stage_vig,),
        rules=VIG_HEAD,
        tensors=((r"head\.fc[12]\.weight$", matrix),),
    ),
    Layout(
        "official", "vig",
        marks=(r"^stem\.convs\.0\.weight", r"^backbone\.0\.0\.graph_conv\."),
        rules=((r"^backbone\.", "blocks."), *VIG_HEAD),
        tensors=((r"head\.fc[12]\.weight$", matrix),),
    ),
    Layout(
        "official", "repmlp",
        marks=(r"^conv_embedding\.conv\.weight", r"\.repmlp_block\.fc3\.weight"),
        rules=(
            (r"^conv_embedding\.conv\.", "patch_embed.projection."),
            (r"^conv_embedding\.bn\.", "patch_embed.norm."),
            (r"\.prebn([12])\.", r".norm\1."),
            (r"\.gp\.fc([12])\.", r".gp.conv\1.conv."),
            (r"^embeds\.", "downsample_layers."),
            (r"^head_norm\.", "final_norm."),
            *HEAD,
        ),
    ),
)  # fmt: skip
