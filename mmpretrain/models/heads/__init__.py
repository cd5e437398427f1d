"""Heads: from features to predictions and losses."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("BaseClsHead",),
        "cls_head": ("ClsHead",),
        "contrastive_head": ("ContrastiveHead", "MoCoV3Head", "NNCLRHead", "SwAVHead"),
        "conformer_head": ("ConformerHead",),
        "deit_head": ("DeiTClsHead",),
        "dino_head": ("DINOHead",),
        "efficientformer_head": ("EfficientFormerClsHead",),
        "latent_heads": ("LatentCrossCorrelationHead", "LatentPredictHead", "VICRegHead"),
        "levit_head": ("LeViTClsHead",),
        "linear_head": ("LinearClsHead",),
        "margin_head": ("ArcFaceClsHead",),
        "masked_pixel_heads": (
            "MAEPretrainHead",
            "MIMHead",
            "MixMIMPretrainHead",
            "SimMIMHead",
            "SparKPretrainHead",
        ),
        "masked_token_heads": ("BEiTV1Head", "BEiTV2Head", "CAEHead", "iTPNClipHead"),
        "multi_label_head": ("MultiLabelClsHead", "MultiLabelLinearClsHead"),
        "multi_label_csra_head": ("CSRAClsHead",),
        "multi_task_head": ("MultiTaskHead",),
        "ordinal_head": ("OrdinalClsHead",),
        "regression_head": ("RegressionHead",),
        "stacked_head": ("StackedLinearClsHead",),
        "vig_head": ("VigClsHead",),
        "vision_transformer_head": ("VisionTransformerClsHead",),
    },
)
