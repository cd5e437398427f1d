"""The layouts of 0.x: mmcls and mmselfsup. What is not listed has not changed."""

from __future__ import annotations

from mmpretrain.checkpoints.layouts.layout import Layout

LAYOUTS = (
    Layout(
        "mmcls", "ema",
        marks=(r"^backbone\.", r"^ema_backbone_"),
        # The weights as they were before averaging; the averaged ones have the usual names.
        rules=((r"^ema_", None),),
    ),
    Layout(
        "mmcls", "swin",
        marks=(r"^backbone\.stages\.0\.blocks\.0\.attn\.w_msa\.", r"attn_mask$|^backbone\.norm\."),
        rules=((r"attn_mask$", None), (r"^backbone\.norm\.", "backbone.norm3.")),
    ),
    Layout(
        "mmcls", "vit",
        marks=(r"^backbone\.layers\.0\.attn\.attn\.in_proj_weight$",),
        rules=((r"\.attn\.attn\.in_proj_", ".attn.qkv."), (r"\.attn\.attn\.out_proj\.", ".attn.proj.")),
    ),
    Layout(
        "mmselfsup", "moco",
        marks=(r"^encoder_q\.0\.",),
        rules=((r"^encoder_q\.0\.", "backbone."), (r"^(?!backbone\.)", None)),
    ),
)  # fmt: skip
