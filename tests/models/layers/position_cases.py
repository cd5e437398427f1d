"""Pairs of models: what the first learnt about positions has to fit the input size of the second.

Both here and in the reference environment (mmpretrain 1.2 with SciPy 1.13, whose ``interp2d`` it needs), the
numbers in ``data/positions.json`` come from::

    source, target = (MODELS.build(cfg) for cfg in CASES[name])
    fill all tensors of the source; target.load_state_dict(its state dict, strict=False)
    {key: fingerprint(target.state_dict()[key]) for key in the keys of the data}
"""

from __future__ import annotations

from typing import Any

VIT = {"embed_dims": 16, "num_layers": 1, "num_heads": 2, "feedforward_channels": 32}
SWIN = {"embed_dims": 8, "depths": [2, 2, 2, 2], "num_heads": [1, 2, 2, 4]}
SWIN_V2 = {**SWIN, "extra_norm_every_n_blocks": 0}


def pair(first: dict[str, Any], second: dict[str, Any], **common: Any) -> tuple[dict, dict]:
    return {**common, **first}, {**common, **second}


def vit(kind: str, size: int | tuple[int, int] = 56, **more: Any) -> tuple[dict, dict]:
    return pair({"img_size": 32}, {"img_size": size}, type=kind, arch=VIT, patch_size=8, **more)


def swin(kind: str, old: int, new: int, arch: dict[str, Any] = SWIN, **more: Any) -> tuple[dict, dict]:
    sizes = {"img_size": 32, "window_size": old}, {"img_size": 64, "window_size": new}
    return pair(*sizes, type=kind, arch=arch, patch_size=2, **more)


CASES = {
    "vit": vit("VisionTransformer"),
    "vit, oblong": vit("VisionTransformer", (40, 56)),
    "vit, bilinear": vit("VisionTransformer", interpolate_mode="bilinear"),
    "vit, no class token": vit("VisionTransformer", with_cls_token=False, out_type="raw"),
    "deit, distilled": vit("DistilledVisionTransformer"),
    "deit3": vit("DeiT3"),
    "eva02": vit("ViTEVA02"),
    "beit": vit("BEiTViT", use_abs_pos_emb=True),
    "beit, shared table": vit("BEiTViT", use_rel_pos_bias=False, use_shared_rel_pos_bias=True),
    "beit, shared table to one a layer": pair(
        {"img_size": 32, "use_rel_pos_bias": False, "use_shared_rel_pos_bias": True},
        {"img_size": 56}, type="BEiTViT", arch=VIT, patch_size=8,
    ),
    "swin, 7 to 12": swin("SwinTransformer", 7, 12),
    "swin, 7 to 4": swin("SwinTransformer", 7, 4, use_abs_pos_embed=True),
    "swin v2": swin("SwinTransformerV2", 2, 4, SWIN_V2, use_abs_pos_embed=True),
    "swin v2, window of pre-training": pair(
        {"img_size": 32, "window_size": 2},
        {"img_size": 64, "window_size": 4, "pretrained_window_sizes": [2, 2, 2, 2]},
        type="SwinTransformerV2", arch=SWIN_V2, patch_size=2,
    ),
}  # fmt: skip
