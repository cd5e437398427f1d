"""The layouts of Vision Transformers: timm's, CLIP's and those of Hugging Face.

The authors of DeiT, DINO, DINOv2, MAE and BEiT use timm's.
"""

from __future__ import annotations

from mmpretrain.checkpoints.layouts.layout import Layout, Rules
from mmpretrain.checkpoints.layouts.tensors import join_qkv, place_registers, token

#: Blocks as timm names them.
BLOCKS: Rules = (
    (r"^patch_embed\.proj\.", "patch_embed.projection."),
    (r"^blocks\.(?:\d+\.)?(\d+)\.", r"layers.\1."),  # DINOv2 may have chunks of blocks
    (r"\.norm([12])\.", r".ln\1."),
    (r"\.mlp\.fc1\.", ".ffn.layers.0.0."),
    (r"\.mlp\.fc2\.", ".ffn.layers.1."),
)

#: The layers around the blocks.
STEM_AND_HEAD: Rules = (
    (r"^norm_pre\.", "pre_norm."),
    (r"^norm\.", "ln1."),
    (r"^fc_norm\.", "ln2."),
)

VIT: Rules = (
    *BLOCKS,
    *STEM_AND_HEAD,
    (r"\.(?:ls1\.gamma|gamma_1)$", ".attn.gamma1.weight"),
    (r"\.(?:ls2\.gamma|gamma_2)$", ".ffn.gamma2.weight"),
    (r"\.mlp\.(w12|w3)\.", r".ffn.\1."),
    (r"^head(_dist)?\.(?=weight|bias)", r"head.layers.head\1."),
)

#: The decoder of MAE, which is a neck here.
DECODER: Rules = (
    (r"^mask_token$", "neck.mask_token"),
    (r"^decoder_blocks\.", "neck.decoder_blocks."),
    (r"^decoder_norm\.", "neck.ln1."),
    (r"^decoder_(embed|pred|pos_embed)", r"neck.decoder_\1"),
    (r"^neck\.decoder_blocks\.(\d+)\.norm([12])\.", r"neck.decoder_blocks.\1.ln\2."),
    (r"^neck\.(.*)\.mlp\.fc1\.", r"neck.\1.ffn.layers.0.0."),
    (r"^neck\.(.*)\.mlp\.fc2\.", r"neck.\1.ffn.layers.1."),
)

CLIP_BLOCKS: Rules = (
    (r"\.ln_([12])\.", r".ln\1."),
    (r"\.attn\.in_proj_", ".attn.qkv."),
    (r"\.attn\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.c_fc\.", ".ffn.layers.0.0."),
    (r"\.mlp\.c_proj\.", ".ffn.layers.1."),
)

#: Parts of Vision Transformers of transformers: up to version 4, and from 5 on.
HF_LAYERS = r"(?:encoder\.layer|layers)\."
HF_QUERY = r"(?:attention\.query|q_proj)"
HF_ATTENTION: Rules = (
    (r"\.attention\.(attention\.)?qkv\.", ".attn.qkv."),
    (r"\.attention\.(output\.dense|o_proj)\.", ".attn.proj."),
)

VIT_MARKS = (r"^cls_token$", r"^patch_embed\.proj\.weight", r"^blocks\.(\d+\.)?0\.attn\.qkv\.weight")
BIAS_TABLE = r"relative_position_bias_table$"

LAYOUTS = (
    Layout(
        "timm", "beit",
        marks=(*VIT_MARKS, BIAS_TABLE),
        rules=(
            *BLOCKS,
            *STEM_AND_HEAD,
            (r"^head\.", "head.fc."),
            (r"^lm_head\.", "head.cls_head."),
        ),
    ),
    Layout("mae", "vit", marks=(*VIT_MARKS, r"^decoder_embed\."), rules=(*DECODER, *VIT)),
    Layout(
        "dinov2", "vit",
        marks=(*VIT_MARKS, r"\.ls1\.gamma$", r"^mask_token$"),
        rules=((r"^mask_token$", None), *VIT),
    ),
    Layout(
        "mae", "vit_finetuned",
        marks=(*VIT_MARKS, r"^fc_norm\.weight"),
        without=(r"\.rope\.", BIAS_TABLE, r"\.attn\.q_bias$"),
        rules=((r"^head\.", "head.fc."), *VIT),
    ),
    Layout(
        "timm", "vit_registers",
        marks=(*VIT_MARKS, r"^reg_token$", r"^pos_embed$"),
        without=(r"\.rope\.", BIAS_TABLE),
        prepare=(place_registers,),
        rules=VIT,
    ),
    Layout("timm", "vit", marks=VIT_MARKS, without=(r"\.rope\.", BIAS_TABLE), rules=VIT),
    Layout(
        "openai-clip", "vit",
        marks=(r"^visual\.transformer\.resblocks\.0\.attn\.in_proj_weight",),
        rules=(
            (r"^(?!visual\.)", None),  # the text encoder
            (r"^visual\.", ""),
            (r"^conv1\.", "patch_embed.projection."),
            (r"^positional_embedding$", "pos_embed"),
            (r"^class_embedding$", "cls_token"),
            (r"^ln_pre\.", "pre_norm."),
            (r"^ln_post\.", "ln1."),
            (r"^proj$", "visual_proj.proj"),
            (r"^transformer\.resblocks\.", "layers."),
            *CLIP_BLOCKS,
        ),
        tensors=((r"(?:cls_token|pos_embed)$", token),),
    ),
    Layout(
        "huggingface", "clip",
        marks=(
            r"^(vision_model\.)?encoder\.layers\.0\.self_attn\.q_proj\.weight",
            r"^(vision_model\.)?pre_layrnorm\.weight$",
        ),
        prepare=(join_qkv,),
        rules=(
            (r"^(text_model\.|text_projection\.|visual_projection\.|logit_scale$)", None),
            (r"^vision_model\.", ""),
            (r"position_ids$", None),
            (r"^embeddings\.class_embedding$", "cls_token"),
            (r"^embeddings\.patch_embedding\.", "patch_embed.projection."),
            (r"^embeddings\.position_embedding\.weight$", "pos_embed"),
            (r"^pre_layrnorm\.", "pre_norm."),
            (r"^post_layernorm\.", "ln1."),
            (r"^encoder\.layers\.", "layers."),
            (r"\.layer_norm([12])\.", r".ln\1."),
            (r"\.self_attn\.qkv\.", ".attn.qkv."),
            (r"\.self_attn\.out_proj\.", ".attn.proj."),
            (r"\.mlp\.fc1\.", ".ffn.layers.0.0."),
            (r"\.mlp\.fc2\.", ".ffn.layers.1."),
        ),
        tensors=((r"(?:cls_token|pos_embed)$", token),),
    ),
    Layout(
        "huggingface", "vit",
        marks=(
            r"^(vit\.)?embeddings\.position_embeddings$",
            rf"^(vit\.)?{HF_LAYERS}0\.attention\.{HF_QUERY}\.weight",
            rf"^(vit\.)?{HF_LAYERS}0\.layernorm_before\.weight",
        ),
        prepare=(join_qkv,),
        rules=(
            (r"^(vit\.)?(pooler|decoder)\.|embeddings\.mask_token$", None),
            (r"^vit\.", ""),
            (r"^embeddings\.cls_token$", "cls_token"),
            (r"^embeddings\.position_embeddings$", "pos_embed"),
            (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.projection."),
            (rf"^{HF_LAYERS}", "layers."),
            *HF_ATTENTION,
            (r"\.(intermediate\.dense|mlp\.fc1)\.", ".ffn.layers.0.0."),
            (r"\.(output\.dense|mlp\.fc2)\.", ".ffn.layers.1."),
            (r"\.layernorm_before\.", ".ln1."),
            (r"\.layernorm_after\.", ".ln2."),
            (r"^layernorm\.", "ln1."),
            (r"^classifier\.", "head.layers.head."),
        ),
    ),
    Layout(
        "huggingface", "dinov2",
        marks=(
            r"^(dinov2(_with_registers)?\.)?embeddings\.position_embeddings$",
            rf"{HF_LAYERS}0\.layer_scale1\.lambda1$",
        ),
        prepare=(join_qkv,),
        rules=(
            # Its classifier reads the class token and the mean of the patches.
            (r"^classifier\.|embeddings\.mask_token$", None),
            (r"^dinov2(_with_registers)?\.", ""),
            (r"^embeddings\.(cls_token|register_tokens)$", r"\1"),
            (r"^embeddings\.position_embeddings$", "pos_embed"),
            (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.projection."),
            (rf"^{HF_LAYERS}", "blocks."),
            *HF_ATTENTION,
            (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
            (r"\.mlp\.weights_in\.", ".mlp.w12."),
            (r"\.mlp\.weights_out\.", ".mlp.w3."),
            (r"^layernorm\.", "norm."),
            *VIT,
        ),
    ),
    Layout(
        "timm", "mlp_mixer",
        marks=(r"^stem\.proj\.weight", r"^blocks\.0\.mlp_tokens\.fc1\.weight"),
        rules=(
            (r"^stem\.proj\.", "patch_embed.projection."),
            *BLOCKS,
            (r"^norm\.", "ln1."),
            (r"\.mlp_(token|channel)s\.fc1\.", r".\1_mix.layers.0.0."),
            (r"\.mlp_(token|channel)s\.fc2\.", r".\1_mix.layers.1."),
            (r"^head\.", "head.fc."),
        ),
    ),
)  # fmt: skip
