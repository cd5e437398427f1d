"""Losses."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("ClassificationLoss",),
        "cross_entropy_loss": (
            "CrossEntropyLoss",
            "binary_cross_entropy",
            "cross_entropy",
            "soft_cross_entropy",
        ),
        "utils": ("convert_to_one_hot", "reduce_loss", "weight_reduce_loss", "weighted_loss"),
    },
)
