"""The training engine: runner, loops, hooks, optimizers and schedulers."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {},
    reexports=["runner", "hooks", "optimizers", "schedulers"],
)
