"""Test-time augmentation."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("BaseTTAModel",),
        "score": ("AverageClsScoreTTA",),
        "views": ("ShiftFlipTTA",),
    },
)
