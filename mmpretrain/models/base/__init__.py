"""Base classes of all modules, models and data preprocessors."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "freeze": ("FreezableModule",),
        "model": ("BaseModel",),
        "module": ("BaseModule", "ModuleDict", "ModuleList", "Sequential"),
        "preprocessor": ("BaseDataPreprocessor",),
    },
)
