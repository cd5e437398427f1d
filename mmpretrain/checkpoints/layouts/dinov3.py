"""The layouts of DINOv3: its authors', timm's and that of transformers."""

from __future__ import annotations

import re

import torch

from mmpretrain.checkpoints.layouts.layout import Layout, Tensors
from mmpretrain.checkpoints.layouts.tensors import join_gates, join_qkv, join_qkv_bias
from mmpretrain.checkpoints.layouts.transformers import VIT


def masked_bias(weights: Tensors) -> Tensors:
    """Set the biases that the authors mask, those of the keys, to 0."""
    kept = {}
    for key, value in weights.items():
        if key.endswith(".qkv.bias"):
            mask = torch.ones_like(value)
            mask[len(value) // 3 : len(value) // 3 * 2] = 0
            value = torch.where(mask.bool(), value, torch.zeros_like(value))
        kept[key] = value
    return kept


def with_bias(weights: Tensors) -> Tensors:
    """Add biases of 0 where timm leaves them out."""
    full = dict(weights)
    for key, value in weights.items():
        if key.endswith(".qkv.weight"):
            full.setdefault(key.replace("weight", "bias"), value.new_zeros(len(value)))
    return full


def join_timm_gates(weights: Tensors) -> Tensors:
    """Name the linear layers of timm's gated networks as the authors do, and join them."""
    names = {"fc1_g": "w1", "fc1_x": "w2", "fc2": "w3"}
    gated = any(".mlp.fc1_g." in key for key in weights)
    if gated:
        weights = {
            re.sub(r"\.mlp\.(fc1_g|fc1_x|fc2)\.", lambda m: f".mlp.{names[m[1]]}.", key): value
            for key, value in weights.items()
        }
    return join_gates(weights)


def join_huggingface_gates(weights: Tensors) -> Tensors:
    """Name the linear layers of gated and plain networks of transformers as the authors do, and join them."""
    gated = any(".mlp.gate_proj." in key for key in weights)
    plain = {"up_proj": "fc1", "down_proj": "fc2"}
    names = {"gate_proj": "w1", "up_proj": "w2", "down_proj": "w3"} if gated else plain
    renamed = {
        re.sub(r"\.mlp\.(\w+_proj)\.", lambda m: f".mlp.{names[m[1]]}.", key): value
        for key, value in weights.items()
    }
    return join_gates(renamed)


LAYOUTS = (
    Layout(
        "official", "dinov3",
        marks=(r"^storage_tokens$|^rope_embed\.periods$", r"^blocks\.0\.attn\.qkv\.weight"),
        prepare=(masked_bias, with_bias, join_gates),
        rules=(
            (r"^(mask_token$|rope_embed\.|local_cls_norm\.)|\.bias_mask$", None),
            (r"^storage_tokens$", "register_tokens"),
            *VIT,
        ),
    ),
    Layout(
        "timm", "dinov3",
        marks=(r"^reg_token$", r"^blocks\.0\.gamma_1$", r"^blocks\.0\.attn\.qkv\.weight"),
        without=(r"^pos_embed$",),
        prepare=(join_qkv_bias, with_bias, join_timm_gates),
        rules=((r"^reg_token$", "register_tokens"), *VIT),
    ),
    Layout(
        "huggingface", "dinov3",
        marks=(r"^embeddings\.patch_embeddings\.weight$", r"^(model\.)?layer\.0\.attention\.q_proj\.weight"),
        prepare=(join_qkv, with_bias, join_huggingface_gates),
        rules=(
            (r"^embeddings\.mask_token$", None),
            (r"^embeddings\.(cls_token|register_tokens)$", r"\1"),
            (r"^embeddings\.patch_embeddings\.", "patch_embed.projection."),
            (r"^(model\.)?layer\.", "blocks."),
            (r"\.attention\.qkv\.", ".attn.qkv."),
            (r"\.attention\.o_proj\.", ".attn.proj."),
            (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
            *VIT,
        ),
    ),
    Layout(
        "huggingface", "dinov3_convnext",
        marks=(
            r"^(model\.)?stages\.0\.downsample_layers\.0\.weight",
            r"stages\.0\.layers\.0\.depthwise_conv\.weight",
        ),
        rules=(
            (r"^model\.", ""),
            (r"^stages\.(\d)\.downsample_layers\.", r"downsample_layers.\1."),
            (r"^stages\.(\d)\.layers\.", r"stages.\1."),
            (r"^(stages\..*)\.layer_norm\.", r"\1.norm."),
            (r"^layer_norm\.", "norm3."),
        ),
    ),
)  # fmt: skip
