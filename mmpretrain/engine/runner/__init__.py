"""The runner and its parts."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "checkpoint": ("CheckpointStore",),
        "dataloader": ("KeyedDataLoader", "build_dataloader"),
        "log_processor": ("LogProcessor",),
        "loops": ("BaseLoop", "EpochBasedTrainLoop", "IterBasedTrainLoop", "TestLoop", "ValLoop"),
        "runner": ("Runner",),
        "state": ("HistoryBuffer", "MessageHub", "RunState"),
        "strategies": ("SingleDeviceStrategy",),
    },
)
