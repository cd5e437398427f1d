"""Hooks: code that runs around the steps of a run."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "checkpoint_hook": ("CheckpointHook",),
        "class_num_check": ("ClassNumCheckHook",),
        "collapse_doctor": ("CollapseDoctorHook",),
        "early_stopping": ("EarlyStoppingHook",),
        "ema": ("EMAHook",),
        "empty_cache": ("EmptyCacheHook",),
        "hook": ("Hook",),
        "invalid_loss": ("InvalidLossHook",),
        "iter_timer": ("IterTimerHook",),
        "logger_hook": ("LoggerHook",),
        "margins": ("SetAdaptiveMarginsHook",),
        "param_scheduler": ("ParamSchedulerHook",),
        "precise_bn": ("PreciseBNHook",),
        "priority": ("Priority", "get_priority"),
        "probes": ("KNNHook", "OnlineProbeHook"),
        "profiler": ("ProfilerHook",),
        "progress_bar": ("ProgressBarHook",),
        "prototypes": ("PrepareProtoBeforeValLoopHook",),
        "runtime_info": ("RuntimeInfoHook",),
        "sampler_seed": ("DistSamplerSeedHook",),
        "save_backbone": ("SaveBackboneHook",),
        "selfsup": ("DenseCLHook", "SimSiamHook", "SwAVHook"),
        "switch_recipe": ("SwitchRecipeHook",),
        "sync_buffers": ("SyncBuffersHook",),
        "targets": ("NormalizeTargetsHook",),
        "tta": ("PrepareTTAHook", "build_runner_with_tta"),
        "val_loss": ("ValLossHook",),
        "visualization": ("NaiveVisualizationHook", "VisualizationHook"),
        "warmup_param": ("WarmupParamHook",),
    },
    registered={"invalid_loss": ("CheckInvalidLossHook",)},
)
