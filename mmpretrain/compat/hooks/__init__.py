"""Hooks of the past."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {},
    registered={"closure": ("ClosureHook",), "unsupported": ("NPUProfilerHook", "RFSearchHook")},
)
