"""From the name of a method to a config that pre-trains a backbone on a folder of images."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "archs": ("ARCHS",),
        "config": ("METHODS", "pretraining_config"),
    },
)
