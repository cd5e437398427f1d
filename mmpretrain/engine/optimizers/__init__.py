"""Optimizers, their wrappers and constructors."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "wrapper": ("OptimWrapper",),
        "amp": ("AmpOptimWrapper",),
        "wrapper_dict": ("OptimWrapperDict",),
        "constructor": ("DefaultOptimWrapperConstructor",),
        "layer_decay": ("LearningRateDecayOptimWrapperConstructor",),
        "builder": ("build_optim_wrapper", "scale_lr"),
        "lars": ("LARS",),
        "lamb": ("Lamb",),
        "adan": ("Adan",),
        "lion": ("Lion",),
        "muon_sgd": ("MuonSGD",),
        "zero": ("ZeroRedundancyOptimizer",),
    },
    registered={
        "torch_optimizers": (
            "ASGD",
            "Adadelta",
            "Adagrad",
            "Adam",
            "AdamW",
            "Adamax",
            "LBFGS",
            "Muon",
            "NAdam",
            "Optimizer",
            "RAdam",
            "RMSprop",
            "Rprop",
            "SGD",
            "SparseAdam",
            "TorchAdafactor",
        ),
        "external": ("Adafactor", "DAdaptAdaGrad", "DAdaptAdam", "DAdaptSGD", "SophiaG"),
    },
)
