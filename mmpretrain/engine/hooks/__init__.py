"""What happens around the steps of a run."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "checkpoint_hook": ("CheckpointHook",),
        "hook": ("Hook",),
        "invalid_loss": ("InvalidLossHook",),
        "iter_timer": ("IterTimerHook",),
        "logger_hook": ("LoggerHook",),
        "param_scheduler": ("ParamSchedulerHook",),
        "priority": ("Priority", "get_priority"),
        "progress_bar": ("ProgressBarHook",),
        "runtime_info": ("RuntimeInfoHook",),
        "sampler_seed": ("DistSamplerSeedHook",),
    },
    registered={"invalid_loss": ("CheckInvalidLossHook",)},
)
