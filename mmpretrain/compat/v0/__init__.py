"""Configs for MMClassification 0.x, written again as configs of this package."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__, {"detect": ("is_old", "is_old_key"), "entry": ("rewrite", "translate")}
)
