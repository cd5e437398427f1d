"""Checkpoints: finding weights, reading and writing files, translating layouts, fitting into a model.

``checkpoints.open(source)`` is the one door: a path, the folder of a run, an address, or a name of the zoo.
"""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "cache": ("cache_dir",),
        "fitting": ("LoadReport", "load_into"),
        "serialization": ("load", "save"),
        "sources": ("Found", "find", "open", "read"),
    },
)
