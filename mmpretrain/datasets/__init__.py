"""Data sets, their wrappers, and how samples become batches."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {},
    reexports=["samplers", "transforms"],
)
