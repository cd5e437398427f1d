"""Heads: from features to predictions and losses."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("BaseClsHead",),
        "cls_head": ("ClsHead",),
        "linear_head": ("LinearClsHead",),
    },
)
