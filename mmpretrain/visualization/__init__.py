"""Pictures of data, predictions and training."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "backends.aim": ("AimVisBackend",),
        "backends.base": ("BaseVisBackend", "force_init_env"),
        "backends.clearml": ("ClearMLVisBackend",),
        "backends.dvclive": ("DVCLiveVisBackend",),
        "backends.local": ("LocalVisBackend",),
        "backends.mlflow": ("MLflowVisBackend",),
        "backends.neptune": ("NeptuneVisBackend",),
        "backends.tensorboard": ("TensorboardVisBackend",),
        "backends.wandb": ("WandbVisBackend",),
        "universal": ("UniversalVisualizer",),
        "visualizer": ("Visualizer",),
    },
)
