"""The runner and its parts."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "dataloader": ("KeyedDataLoader",),
        "flexible": ("FlexibleRunner",),
        "fsdp": ("FSDPStrategy",),
        "loader_build": ("build_dataloader",),
        "log_processor": ("LogProcessor",),
        "loops": ("BaseLoop", "EpochBasedTrainLoop", "IterBasedTrainLoop", "TestLoop", "ValLoop"),
        "retrieval_loops": ("RetrievalTestLoop", "RetrievalValLoop"),
        "runner": ("Runner",),
        "state": ("HistoryBuffer", "MessageHub", "RunState"),
        "strategies": ("DDPStrategy", "SingleDeviceStrategy"),
        "wrappers": (
            "MMDistributedDataParallel",
            "MMSeparateDistributedDataParallel",
            "is_model_wrapper",
        ),
    },
    registered={"wrappers": ("DataParallel", "DistributedDataParallel")},
)
