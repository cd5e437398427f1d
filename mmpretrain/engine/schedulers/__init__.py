"""How learning rate, momentum and other parameters change over a run."""

from mmpretrain.utils.lazy import lazy_package

_SHAPES = (
    "Constant",
    "CosineAnnealing",
    "CosineRestart",
    "Exponential",
    "Linear",
    "MultiStep",
    "Poly",
    "Step",
)

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("ParamScheduler", "_ParamScheduler"),
        "shapes": tuple(f"{shape}ParamScheduler" for shape in _SHAPES),
        "one_cycle": ("OneCycleParamScheduler",),
        "plateau": ("ReduceOnPlateauParamScheduler",),
        "families": (
            "CosineAnnealingWeightDecay",
            "LRSchedulerMixin",
            "MomentumSchedulerMixin",
            "OneCycleLR",
            "ReduceOnPlateauLR",
            "ReduceOnPlateauMomentum",
            *(f"{shape}LR" for shape in _SHAPES),
            *(f"{shape}Momentum" for shape in _SHAPES),
        ),
        "builder": ("build_param_schedulers",),
    },
)
