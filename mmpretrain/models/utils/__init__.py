"""Helpers that MMPretrain kept under this name."""

from importlib import import_module
from typing import Any

from mmpretrain.models import layers as _layers
from mmpretrain.utils.former import old_attribute

#: Names that mean something else here than in :mod:`mmpretrain.models.layers`.
_OTHERS = {"build_norm_layer": "make_norm", "RotaryEmbeddingFast": "RotaryEmbedding"}

#: Names that have moved to a module of :mod:`mmpretrain.models`.
_MOVED = {
    "CosineEMA": "averaged",
    "CrossMultiheadAttention": "necks.cae_neck",
    **dict.fromkeys(
        ("SparseAvgPooling", "SparseConv2d", "SparseLayerNorm2D", "SparseMaxPooling"), "layers.sparse"
    ),
    **dict.fromkeys(("CutMix", "Mixup", "RandomBatchAugment", "ResizeMix"), "batch_augments"),
    "ClsDataPreprocessor": "preprocess",
    **dict.fromkeys(
        (
            "MultiModalDataPreprocessor",
            "SelfSupDataPreprocessor",
            "TwoNormDataPreprocessor",
            "VideoDataPreprocessor",
        ),
        "preprocess_views",
    ),
}

__all__ = sorted({*_layers.__all__, *_OTHERS, *_MOVED})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        return old_attribute(__name__, name)
    if name in _MOVED:
        return getattr(import_module(f"mmpretrain.models.{_MOVED[name]}"), name)
    return getattr(_layers, _OTHERS.get(name, name))


def __dir__() -> list[str]:
    return __all__
