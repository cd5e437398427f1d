"""Layouts that the authors of a family use."""

from __future__ import annotations

from mmpretrain.checkpoints.layouts.layout import Layout
from mmpretrain.checkpoints.layouts.tensors import join_gates, join_qkv, join_qkv_bias
from mmpretrain.checkpoints.layouts.transformers import BIAS_TABLE, BLOCKS, VIT_MARKS

LAYOUTS = (
    Layout(
        "official", "eva02",
        marks=(r"^cls_token$", r"^blocks\.0\.attn\.rope\.", r"^blocks\.0\.mlp\.(w1|w12)\.weight"),
        prepare=(join_qkv, join_qkv_bias, join_gates),
        rules=(
            (r"^(mask_token|lm_head\.|norm\.)", None),
            (r"^patch_embed\.proj\.", "patch_embed.projection."),
            (r"^blocks\.", "layers."),
            (r"\.mlp\.ffn_ln\.", ".mlp.norm."),
            (r"^fc_norm\.", "ln2."),
            (r"^head\.", "head.fc."),
        ),
    ),
    Layout(
        "official", "eva",
        marks=(*VIT_MARKS, r"\.attn\.q_bias$|^mask_token$"),
        without=(BIAS_TABLE, r"\.rope\.", r"\.ls1\.gamma$", r"^decoder_embed\."),
        rules=(
            (r"^(mask_token$|lm_head\.|decoder)", None),
            *BLOCKS,
            (r"^(?:fc_)?norm\.", "ln2."),
            (r"^head\.", "head.fc."),
        ),
    ),
    Layout(
        "official", "edgenext",
        marks=(r"^downsample_layers\.0\.0\.weight", r"\.xca\.temperature$"),
        rules=(
            (r"\.dwconv\.", ".depthwise_conv."),
            (r"\.pwconv([12])\.", r".pointwise_conv\1."),
            (r"\.convs\.", ".conv_modules."),
            (r"\.pos_embd\.token_projection\.", ".pos_embed.proj."),
            (r"\.xca\.temperature$", ".csa.scale"),
            (r"([._])xca(?=\.|$)", r"\1csa"),
            (r"^norm\.", "norm3."),
            (r"^head\.", "head.fc."),
        ),
    ),
    Layout(
        "official", "hornet",
        marks=(r"^downsample_layers\.0\.0\.weight", r"\.gnconv\.pws\."),
        rules=(
            (r"\.gnconv\.pws\.", ".gnconv.projs."),
            (r"\.gamma([12])$", r".gamma\1.weight"),
            (r"^norm\.", "norm3."),
            (r"^head\.", "head.fc."),
        ),
    ),
    Layout(
        "official", "twins",
        marks=(r"^patch_embeds\.0\.proj\.weight", r"^pos_block\.0\.proj\.0\."),
        rules=(
            (r"^(patch_embeds\.\d)\.proj\.", r"\1.projection."),
            (r"^pos_block\.(\d)\.proj\.0\.", r"position_encodings.\1.proj."),
            (r"^blocks\.", "stages."),
            (r"\.mlp\.fc1\.", ".ffn.layers.0.0."),
            (r"\.mlp\.fc2\.", ".ffn.layers.1."),
            (r"^norm\.", "norm_after_stage3."),
            (r"^head\.", "head.fc."),
        ),
    ),
    Layout(
        "official", "van",
        marks=(r"^patch_embed1\.proj\.weight", r"^block1\.0\.attn\.spatial_gating_unit\.conv0\."),
        rules=(
            (r"^(patch_embed\d)\.proj\.", r"\1.projection."),
            (r"^block(\d)\.", r"blocks\1."),
            (r"\.spatial_gating_unit\.conv0\.", ".spatial_gating_unit.DW_conv."),
            (r"\.spatial_gating_unit\.conv_spatial\.", ".spatial_gating_unit.DW_D_conv."),
            (r"\.dwconv\.dwconv\.", ".dwconv."),
            (r"^head\.", "head.fc."),
        ),
    ),
)  # fmt: skip
