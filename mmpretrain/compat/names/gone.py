"""What to use in place of what has no counterpart: by module, or by name."""

from __future__ import annotations

from mmpretrain.compat.hooks.tables import CLOSED

_HARDWARE = "devices that torch does not know by itself are not supported"
_COMPILED = (
    "compiled operators are not part of mmpretrain; torchvision.ops has NMS, RoIAlign and DeformConv2d"
)

#: Beginning of a module path -> what to do.
MODULES = {
    "mmcv.ops": _COMPILED,
    "mmcv.onnx": "torch.onnx.export needs no operators of its own",
    "mmcv.tensorrt": "convert the ONNX file of torch.onnx.export with trtexec",
    "mmcls.core.export": "run the ONNX file of torch.onnx.export with onnxruntime",
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
    "get_mmcls_models": "mmpretrain.list_models names the models",
    "get_external_models": "mmpretrain.list_models names the models",
    "get_torchvision_models": "torchvision.models.list_models names the models",
    "register_handler": "mmpretrain.utils.plain_data.load reads JSON, YAML and pickle",
    "register_backend": "fsspec.register_implementation adds a kind of storage",
    "PetrelBackend": "use backend_args=dict(backend='s3')",
    "CephBackend": "use backend_args=dict(backend='s3')",
    **CLOSED,
    "LossScaler": "use torch.amp.GradScaler",
    "ApexOptimWrapper": "use AmpOptimWrapper",
    "NPUProfilerHook": "use ProfilerHook, which runs torch.profiler",
    **dict.fromkeys(
        ("BaseFileHandler", "JsonHandler", "PickleHandler", "YamlHandler"),
        "mmpretrain.utils.plain_data.load reads JSON, YAML and pickle",
    ),
    **dict.fromkeys(
        ("HTTPBackend", "LmdbBackend", "MemcachedBackend"),
        "FileClient(backend='http'), 'lmdb' or 'memcached' makes one",
    ),
    "generate_presigned_url": "fsspec's S3 file system has sign()",
    "turn_on_activation_checkpointing": "set with_cp=True in the backbone",
    "autocast": "use torch.autocast",
    "scaled_all_reduce": "mmpretrain.utils.dist.all_reduce(tensor, 'mean')",
    "open_maybe_compressed_file": "gzip.open and lzma.open",
    "gnConv": "mmpretrain.models.backbones.hornet.GnConv",
    "XCA": "mmpretrain.models.layers.cross_covariance.CrossCovarianceAttention",
    "ClassAttntion": "mmpretrain.models.layers.cross_covariance.ClassAttention",
    "RotaryEmbeddingFast": "mmpretrain.models.layers.rotary.RotaryEmbedding",
    "fuse_bn": "mmpretrain.models.layers.reparam.fuse_conv_norm",
    "gem": "mmpretrain.models.necks.GeneralizedMeanPooling",
    "seesaw_ce_loss": "mmpretrain.models.losses.SeesawLoss",
    "SparseHelper": "mmpretrain.models.layers.sparse.ActiveMap, one for each backbone",
    "TORCH_OPTIMIZERS": "OPTIMIZERS.names() lists them",
    "INFERENCERS": "mmpretrain.apis has the inferencers",
    **dict.fromkeys(
        ("FlopAnalyzer", "ActivationAnalyzer", "flop_count", "activation_count", "parameter_count"),
        "mmpretrain.analysis.get_model_complexity_info counts FLOPs, activations and parameters",
    ),
    **dict.fromkeys(
        ("parameter_count_table", "complexity_stats_str", "complexity_stats_table", "print_model_with_flops"),
        "the table of mmpretrain.analysis.get_model_complexity_info has each module",
    ),
    "dispatch_model": "get_model(name, device_map='auto') spreads a model over devices",
    "compute_module_sizes": "accelerate.utils.compute_module_sizes",
    "init_empty_weights": "use torch.device('meta')",
    **dict.fromkeys(
        ("get_int", "read_image_file", "read_label_file", "read_sn3_pascalvincent_tensor"),
        "mmpretrain.datasets.MNIST reads these files",
    ),
    **dict.fromkeys(
        ("DEFAULT_CACHE_DIR", "ENV_MMCV_HOME", "ENV_MMENGINE_HOME", "ENV_XDG_CACHE_HOME"),
        "the variable MMPRETRAIN_CACHE says where downloads lie",
    ),
    "get_deprecated_model_names": "mmpretrain.list_models names the models",
    "load_from_ceph": "mmpretrain.checkpoints.load reads s3:// addresses",
    "efficient_conv_bn_eval_forward": "inferencers fold batch norms into convolutions by themselves",
    "turn_on_efficient_conv_bn_eval": "inferencers fold batch norms into convolutions by themselves",
    **dict.fromkeys(
        ("DenseTransition", "make_vgg_layer", "make_res_layer", "basic_blocks", "model_scaling"),
        "networks are built in their classes; `arch=dict(...)` gives other sizes",
    ),
    "SEBottleneck": "mmpretrain.models.backbones.seresnet.SEBottleneck",
    "RSoftmax": "mmpretrain.models.backbones.resnest has split attention as one module",
    **dict.fromkeys(
        ("accuracy_numpy", "accuracy_torch"), "mmpretrain.evaluation.Accuracy has the static method calculate"
    ),
    **dict.fromkeys(
        ("BaseFigureContextManager", "ImshowInfosContextManager"), "mmpretrain.visualization draws pictures"
    ),
    "register_hf_model": "register a class of transformers with MODELS.register_module",
    "register_hf_tokenizer": "transformers.AutoTokenizer.from_pretrained",
}
