"""What happens around the steps of a run."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "hook": ("Hook",),
        "priority": ("Priority", "get_priority"),
    },
)
