"""What logger hooks of MMCV 1.x are today; read without torch."""

from __future__ import annotations

#: Logger hooks -> the visualization backends that do their work.
BACKENDS = {
    "TensorboardLoggerHook": "TensorboardVisBackend",
    "WandbLoggerHook": "WandbVisBackend",
    "MMClsWandbHook": "WandbVisBackend",
    "MlflowLoggerHook": "MLflowVisBackend",
    "NeptuneLoggerHook": "NeptuneVisBackend",
    "DvcliveLoggerHook": "DVCLiveVisBackend",
    "ClearMLLoggerHook": "ClearMLVisBackend",
}
#: Arguments of the logger hooks that their backends have too: name then and now.
BACKEND_ARGUMENTS = {
    "log_dir": "save_dir",
    "init_kwargs": "init_kwargs",
    "define_metric_cfg": "define_metric_cfg",
    "commit": "commit",
    "exp_name": "exp_name",
    "tags": "tags",
    "params": "params",
}
#: Services that are closed.
CLOSED = {
    "PaviLoggerHook": "the service is closed: use TensorboardLoggerHook or WandbLoggerHook",
    "SegmindLoggerHook": "the service is closed: use TensorboardLoggerHook or WandbLoggerHook",
}
