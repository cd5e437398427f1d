"""Helpers that MMPretrain kept under this name."""

from typing import Any

from mmpretrain.models import layers as _layers

#: Names that mean something else here than in :mod:`mmpretrain.models.layers`.
_OTHERS = {"build_norm_layer": "make_norm", "RotaryEmbeddingFast": "RotaryEmbedding"}

__all__ = sorted({*_layers.__all__, *_OTHERS})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_layers, _OTHERS.get(name, name))


def __dir__() -> list[str]:
    return __all__
