"""Which parts of an image a prediction depends on: activation maps, rollout, and how faithful they are."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "api": ("explain",),
        "explanation": ("Explanation",),
        "methods": ("METHODS",),
    },
)
