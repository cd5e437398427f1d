"""Looking at models, data, runs and results: what the commands of ``mmpretrain`` compute."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "complexity": ("Cost", "count", "get_model_complexity_info"),
        "model_cost": ("ModelCost", "measure"),
    },
)
