"""What to use in place of what has no counterpart: by module, or by name."""

from __future__ import annotations

_HARDWARE = "devices that torch does not know by itself are not supported"
_COMPILED = (
    "compiled operators are not part of mmpretrain; torchvision.ops has NMS, RoIAlign and DeformConv2d"
)

#: Beginning of a module path -> what to do.
MODULES = {
    "mmcv.ops": _COMPILED,
    "mmcv.onnx": "torch.onnx.export and `mmpretrain export` need no operators of their own",
    "mmcv.tensorrt": "convert the ONNX file of `mmpretrain export` with trtexec",
    "mmcls.core.export": "run the ONNX file of `mmpretrain export` with onnxruntime",
    "mmcv.video": "use OpenCV or PyAV to read videos",
    "mmcv.visualization.optflow": "optical flow is not part of mmpretrain",
    "mmcv.arraymisc": "use numpy.digitize",
    "mmcv.cnn.rfsearch": "the search for dilation rates is not part of mmpretrain",
    "mmcv.device.ipu": _HARDWARE,
    "mmcv.device.mlu": _HARDWARE,
    "mmcv.device.npu": _HARDWARE,
    "mmcv.utils.ext_loader": _COMPILED,
    "mmengine._strategy.colossalai": "use strategy=dict(type='FSDPStrategy')",
    "mmengine._strategy.deepspeed": "use strategy=dict(type='FSDPStrategy')",
    "mmengine.analysis.jit_handles": "use torch.utils.flop_counter",
    "mmengine.analysis.jit_analysis": "use torch.utils.flop_counter",
    "mmengine.testing": "use torch.testing.assert_close and pytest",
    "mmpretrain.models.multimodal.ram": "use `mmpretrain predict` with the configs of RAM",
}

#: Name -> what to do.
NAMES = {
    "InstanceData": "mmpretrain.structures.DataSample holds the labels and scores of an image",
    "PixelData": "mmpretrain.structures.DataSample holds the labels and scores of an image",
    "LabelData": "mmpretrain.structures.DataSample holds the labels and scores of an image",
    "ManagerMixin": "there is no process-wide instance: keep the object, or ask the runner for its part",
    "ManagerMeta": "there is no process-wide instance: keep the object, or ask the runner for its part",
    "get_mmcls_models": "mmpretrain.list_models names the models",
    "get_external_models": "mmpretrain.list_models names the models",
    "get_torchvision_models": "torchvision.models.list_models names the models",
    "register_handler": "mmpretrain.utils.plain_data.load reads JSON, YAML and pickle",
    "register_backend": "fsspec.register_implementation adds a kind of storage",
    "PetrelBackend": "use backend_args=dict(backend='s3')",
    "CephBackend": "use backend_args=dict(backend='s3')",
    "PaviLoggerHook": "the service is closed: use TensorboardLoggerHook or WandbLoggerHook",
    "generate_presigned_url": "fsspec's S3 file system has sign()",
    "turn_on_activation_checkpointing": "set with_cp=True in the backbone",
    "autocast": "use torch.autocast",
    **dict.fromkeys(
        ("BaseRunner", "EpochBasedRunner", "IterBasedRunner", "build_runner", "RUNNER_BUILDERS"),
        "Runner.from_cfg(cfg) of mmpretrain.engine makes the runner; its loops go by epoch or by iteration",
    ),
    **dict.fromkeys(
        ("EvalHook", "DistEvalHook"),
        "the validation loop evaluates: set val_dataloader, val_evaluator and train_cfg.val_interval",
    ),
    **dict.fromkeys(
        ("OptimizerHook", "Fp16OptimizerHook", "GradientCumulativeOptimizerHook"),
        "derive from mmpretrain.engine.optimizers.OptimWrapper, and name the class in optim_wrapper.type",
    ),
    **dict.fromkeys(
        ("LrUpdaterHook", "MomentumUpdaterHook"),
        "derive from mmpretrain.engine.schedulers.ParamScheduler, and name it in param_scheduler",
    ),
    **dict.fromkeys(
        (
            "TextLoggerHook",
            "TensorboardLoggerHook",
            "WandbLoggerHook",
            "MlflowLoggerHook",
            "NeptuneLoggerHook",
        ),
        "name it in log_config, or use a backend of the visualizer",
    ),
}
