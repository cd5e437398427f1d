"""Parts of the runner of the past."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {},
    registered={
        "log_processor": ("OldIterLogProcessor",),
        "unsupported": (
            "CollosalAIModelWrapper",
            "ColossalAIModelWrapper",
            "ColossalAIStrategy",
            "DeepSpeedStrategy",
            "MMDeepSpeedEngineWrapper",
            "MMFullyShardedDataParallel",
        ),
    },
)
