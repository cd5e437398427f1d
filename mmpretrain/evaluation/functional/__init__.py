"""Metrics as functions of tensors, without a data set or a run."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "inputs": ("to_tensor",),
        "topk": ("accuracy", "limit_topk"),
    },
)
