"""Helpers without knowledge of the rest of the package."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "env": ("collect_env",),
        "modules": ("register_all_modules",),
        "progress": ("track",),
    },
)
