"""Losses."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "asymmetric": ("AsymmetricLoss", "asymmetric_loss"),
        "base": ("ClassificationLoss",),
        "cross_entropy_loss": (
            "CrossEntropyLoss",
            "binary_cross_entropy",
            "cross_entropy",
            "soft_cross_entropy",
        ),
        "focal": ("FocalLoss", "sigmoid_focal_loss"),
        "koleo": ("KoLeoLoss",),
        "label_smooth": ("LabelSmoothLoss",),
        "ordinal": ("CoralLoss", "CornLoss"),
        "regression": ("HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss"),
        "seesaw": ("SeesawLoss",),
        "selfsup": ("CAELoss", "CosineSimilarityLoss", "CrossCorrelationLoss", "PixelReconstructionLoss"),
        "swav": ("SwAVLoss",),
        "vicreg": ("VICRegLoss",),
        "utils": ("convert_to_one_hot", "reduce_loss", "weight_reduce_loss", "weighted_loss"),
    },
)
