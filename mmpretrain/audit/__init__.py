"""What is wrong with a data set: duplicates, leaks, labels, outliers, odd images, imbalance."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "findings": ("Audit", "Finding"),
        "run": ("audit",),
        "samples": ("Samples",),
    },
)
