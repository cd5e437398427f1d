"""Where the names of the former packages are now.

Each table maps a module to the names that are found in it; ``old=new`` is a name that changed. A name means
the same in all modules of a package, unless :mod:`.exact` says otherwise.
"""

from __future__ import annotations

_API = "mmpretrain.compat.api"
_OLD = "mmpretrain.compat"

#: What MMEngine and MMCV share.
COMMON = {
    f"{_API}.checkpoints": (
        "_load_checkpoint _load_checkpoint_with_prefix CheckpointLoader find_latest_checkpoint "
        "get_state_dict load_checkpoint load_state_dict save_checkpoint weights_to_cpu"
    ),
    f"{_API}.distributed": (
        "collect_results_cpu collect_results_gpu get_device init_dist is_cuda_available "
        "is_ipu_available=is_npu_available is_mlu_available=is_npu_available is_mps_available "
        "is_npu_available set_random_seed TORCH_VERSION worker_init_fn"
    ),
    f"{_API}.files": (
        "check_file_exist dict_from_file dump find_vcs_root fopen list_from_file load mkdir_or_exist "
        "scandir symlink"
    ),
    f"{_API}.images": "tensor2imgs",
    f"{_API}.kinds": (
        "concat_list has_method is_filepath is_list_of is_method_overridden is_seq_of is_str is_tuple_of "
        "iter_cast list_cast slice_list to_1tuple to_2tuple to_3tuple to_4tuple to_ntuple tuple_cast"
    ),
    f"{_API}.layers": (
        "fuse_conv_bn is_jit_tracing revert_sync_batchnorm torch_meshgrid trunc_normal_ update_init_info"
    ),
    f"{_API}.logs": "get_logger print_log",
    f"{_API}.programs": (
        "check_prerequisites deprecated_api_warning digit_version get_git_hash "
        "import_modules_from_strings parse_version_info requires_executable requires_package"
    ),
    f"{_API}.timing": (
        "check_time ProgressBar Timer TimerError track_iter_progress track_parallel_progress track_progress"
    ),
    f"{_API}.torch_names": (
        "_AdaptiveAvgPoolNd _AdaptiveMaxPoolNd _AvgPoolNd _BatchNorm _ConvNd _ConvTransposeMixin "
        "_InstanceNorm _MaxPoolNd BuildExtension CppExtension CUDAExtension DataLoader load_url "
        "PoolDataLoader=DataLoader SyncBatchNorm"
    ),
    f"{_OLD}.file_client": "FileClient",
    "mmpretrain.config": "Config ConfigDict DictAction read_base",
    "mmpretrain.engine.hooks": "get_priority Priority",
    "mmpretrain.engine.runner": "MMDistributedDataParallel",
    "mmpretrain.models.base": "BaseModule ModuleDict ModuleList Sequential",
    "mmpretrain.models.init": (
        "BaseInit bias_init_with_prob caffe2_xavier_init Caffe2XavierInit constant_init ConstantInit "
        "initialize kaiming_init KaimingInit normal_init NormalInit PretrainedInit trunc_normal_init "
        "TruncNormalInit uniform_init UniformInit xavier_init XavierInit"
    ),
    "mmpretrain.models.layers": "is_norm",
    "mmpretrain.registry": (
        "build_from_cfg build_model_from_cfg HOOKS INITIALIZERS=WEIGHT_INITIALIZERS MODELS "
        "MODULE_WRAPPERS=MODEL_WRAPPERS OPTIMIZERS Registry RUNNERS WEIGHT_INITIALIZERS"
    ),
    "mmpretrain.utils.dist": "get_dist_info master_only",
    "mmpretrain.utils.env": "collect_env",
}

#: Names of MMEngine 0.10.
MMENGINE = {
    "mmpretrain.analysis.complexity": "get_model_complexity_info",
    "mmpretrain.apis.base": "BaseInferencer",
    f"{_API}.hub": "get_config get_model",
    f"{_API}.distributed": (
        "cast_data_device gather get_comm_device get_data_device get_max_cuda_memory infer_launcher "
        "is_dipu_available=is_npu_available is_musa_available=is_npu_available"
    ),
    f"{_API}.files": (
        "copyfile exists get get_local_path get_text is_abs isdir isfile join_path list_dir_or_file put "
        "put_text remove rmtree"
    ),
    f"{_API}.kinds": "apply_to merge_dict",
    f"{_API}.manager": "ManagerMeta ManagerMixin",
    f"{_API}.layers": "convert_sync_batchnorm detect_anomalous_params has_batch_norm stack_batch",
    f"{_API}.logs": "DefaultScope init_default_scope MMLogger",
    f"{_API}.programs": "deprecated_function get_installed_path get_object_from_string is_installed",
    f"{_API}.timing": "track_progress_rich",
    f"{_API}.torch_names": "autocast img_from_canvas",
    f"{_OLD}.file_client": (
        "BaseStorageBackend=FileClient get_file_backend HardDiskBackend=FileClient LocalBackend=FileClient"
    ),
    f"{_OLD}.optimizers.replaced": "DeepSpeedOptimWrapper",
    "mmpretrain.config": "LazyObject",
    "mmpretrain.datasets": (
        "BaseDataset ClassBalancedDataset Compose ConcatDataset default_collate force_full_init "
        "pseudo_collate RepeatDataset"
    ),
    "mmpretrain.datasets.samplers": "DefaultSampler InfiniteSampler",
    "mmpretrain.engine.hooks.hook": "DATA_BATCH=DataBatch",
    "mmpretrain.engine.hooks": (
        "build_runner_with_tta CheckpointHook DistSamplerSeedHook EarlyStoppingHook EMAHook "
        "EmptyCacheHook Hook IterTimerHook LoggerHook NaiveVisualizationHook ParamSchedulerHook "
        "PrepareTTAHook ProfilerHook RuntimeInfoHook SyncBuffersHook"
    ),
    "mmpretrain.engine.optimizers": (
        "AmpOptimWrapper BaseOptimWrapper=OptimWrapper build_optim_wrapper DefaultOptimWrapperConstructor "
        "OptimWrapper OptimWrapperDict ZeroRedundancyOptimizer"
    ),
    "mmpretrain.engine.runner": (
        "BaseLoop DDPStrategy EpochBasedTrainLoop FlexibleRunner FSDPStrategy HistoryBuffer "
        "is_model_wrapper IterBasedTrainLoop LogProcessor MessageHub MMSeparateDistributedDataParallel "
        "Runner SingleDeviceStrategy TestLoop ValLoop"
    ),
    "mmpretrain.engine.schedulers": (
        "_ParamScheduler ConstantLR ConstantMomentum ConstantParamScheduler CosineAnnealingLR "
        "CosineAnnealingMomentum CosineAnnealingParamScheduler CosineRestartLR CosineRestartMomentum "
        "CosineRestartParamScheduler ExponentialLR ExponentialMomentum ExponentialParamScheduler LinearLR "
        "LinearMomentum LinearParamScheduler LRSchedulerMixin MomentumSchedulerMixin MultiStepLR "
        "MultiStepMomentum MultiStepParamScheduler OneCycleLR OneCycleParamScheduler PolyLR PolyMomentum "
        "PolyParamScheduler ReduceOnPlateauLR ReduceOnPlateauMomentum ReduceOnPlateauParamScheduler "
        "StepLR StepMomentum StepParamScheduler"
    ),
    "mmpretrain.engine.schedulers.base": "INF",
    "mmpretrain.evaluation": "BaseMetric DumpResults Evaluator get_metric_value",
    "mmpretrain.models": (
        "BaseAveragedModel BaseDataPreprocessor BaseModel BaseTTAModel ExponentialMovingAverage "
        "ImgDataPreprocessor MomentumAnnealingEMA StochasticWeightAverage"
    ),
    "mmpretrain.registry": (
        "build_runner_from_cfg build_scheduler_from_cfg=build_from_cfg COLLATE_FUNCTIONS=FUNCTIONS "
        "DATA_SAMPLERS DATASETS EVALUATOR=EVALUATORS FUNCTIONS LOG_PROCESSORS LOOPS METRICS "
        "MODEL_WRAPPERS OPTIM_WRAPPER_CONSTRUCTORS OPTIM_WRAPPERS PARAM_SCHEDULERS RUNNER_CONSTRUCTORS "
        "STRATEGIES TASK_UTILS TRANSFORMS VISBACKENDS VISUALIZERS"
    ),
    "mmpretrain.structures": "BaseDataElement",
    "mmpretrain.utils.dist": (
        "all_gather all_gather_object all_reduce all_reduce_dict all_reduce_params barrier broadcast "
        "broadcast_object_list collect_results gather_object get_backend get_local_rank get_local_size "
        "get_rank get_world_size is_distributed is_main_process sync_random_seed"
    ),
    "mmpretrain.visualization": (
        "Visualizer AimVisBackend BaseVisBackend ClearMLVisBackend DVCLiveVisBackend LocalVisBackend "
        "MLflowVisBackend NeptuneVisBackend TensorboardVisBackend WandbVisBackend"
    ),
}

#: Names that MMCV 1.7 and 2.2 share, and those of 2.2.
MMCV = {
    f"{_API}.distributed": (
        "allreduce_grads allreduce_params collate DataContainer IS_CUDA_AVAILABLE IS_IPU_AVAILABLE "
        "IS_MLU_AVAILABLE is_module_wrapper IS_MPS_AVAILABLE IS_NPU_AVAILABLE MMDataParallel "
        "MPSDataParallel=MMDataParallel scatter scatter_kwargs"
    ),
    f"{_API}.geometry": (
        "_scale_size "
        "adjust_color adjust_lighting adjust_sharpness imcrop imfrombytes impad imread imrescale imresize "
        "imrotate imwrite rescale_size"
    ),
    f"{_API}.images": (
        "bgr2gray bgr2hls bgr2hsv bgr2rgb clahe Color color_val gray2bgr gray2rgb hls2bgr hsv2bgr "
        "imconvert imflip_ imnormalize_ impad_to_multiple imresize_like imshow lut_transform rgb2bgr "
        "rgb2gray supported_backends use_backend"
    ),
    f"{_API}.layers": "conv_ws_2d get_model_complexity_info Scale",
    f"{_API}.torch_names": (
        "autocast Conv2d Conv3d ConvTranspose2d ConvTranspose3d GELU HSwish Linear MaxPool2d MaxPool3d"
    ),
    f"{_OLD}.models.builder": (
        "build_attention=build build_feedforward_network=build build_positional_encoding=build "
        "build_transformer_layer=build build_transformer_layer_sequence=build"
    ),
    "mmpretrain.datasets.transforms": (
        "avoid_cache_randomness BaseTransform cache_random_params cache_randomness CenterCrop Compose "
        "ImageToTensor KeyMapper LoadAnnotations LoadImageFromFile MultiScaleFlipAug Normalize Pad "
        "RandomApply RandomChoice RandomChoiceResize RandomFlip RandomGrayscale RandomResize Resize "
        "TestTimeAug to_tensor ToTensor TransformBroadcaster"
    ),
    "mmpretrain.datasets.transforms.functional.color": (
        "adjust_brightness adjust_contrast adjust_hue auto_contrast imdenormalize imequalize iminvert "
        "imnormalize posterize solarize"
    ),
    "mmpretrain.datasets.transforms.functional.geometry": "cutout imflip imshear imtranslate",
    "mmpretrain.models.backbones": "AlexNet ResNet VGG",
    "mmpretrain.models.layers": (
        "AdaptivePadding BaseTransformerLayer build_activation_layer build_conv_layer build_dropout "
        "build_norm_layer build_padding_layer build_plugin_layer build_upsample_layer Clamp ContextBlock "
        "Conv2dAdaptivePadding ConvAWS2d ConvModule ConvWS2d DepthwiseSeparableConvModule drop_path "
        "Dropout DropPath FFN GeneralizedAttention HSigmoid LayerScale MultiheadAttention=TokenAttention "
        "NonLocal1d NonLocal2d NonLocal3d PatchEmbed PatchMerging PixelShufflePack Swish "
        "TransformerLayerSequence"
    ),
    "mmpretrain.registry": (
        "ACTIVATION_LAYERS=MODELS ATTENTION=MODELS CONV_LAYERS=MODELS DROPOUT_LAYERS=MODELS "
        "FEEDFORWARD_NETWORK=MODELS NORM_LAYERS=MODELS PADDING_LAYERS=MODELS PLUGIN_LAYERS=MODELS "
        "POSITIONAL_ENCODING=MODELS RUNNER_BUILDERS=RUNNER_CONSTRUCTORS TRANSFORMER_LAYER=MODELS "
        "TRANSFORMER_LAYER_SEQUENCE=MODELS TRANSFORMS UPSAMPLE_LAYERS=MODELS"
    ),
}

#: Names of MMCV 1.x, with the protocols of its time.
MMCV_1 = {
    f"{_API}.programs": "get_host_info get_time_str obj_from_dict",
    f"{_API}.training": (
        "DefaultOptimizerConstructor IterLoader OPTIMIZER_BUILDERS auto_fp16 build_optimizer "
        "build_optimizer_constructor force_fp32 wrap_fp16_model"
    ),
    f"{_OLD}.evaluation.results": "multi_gpu_test single_gpu_test",
    f"{_OLD}.hooks.closure": "ClosureHook",
    f"{_OLD}.hooks.evaluation": "DistEvalHook EvalHook",
    f"{_OLD}.hooks.loggers": (
        "ClearMLLoggerHook DvcliveLoggerHook LoggerHook MlflowLoggerHook NeptuneLoggerHook "
        "TensorboardLoggerHook TextLoggerHook WandbLoggerHook"
    ),
    f"{_OLD}.hooks.optimizer": (
        "Fp16OptimizerHook GradientCumulativeFp16OptimizerHook GradientCumulativeOptimizerHook OptimizerHook"
    ),
    f"{_OLD}.hooks.updaters": (
        "CosineAnnealingLrUpdaterHook CosineAnnealingMomentumUpdaterHook CosineRestartLrUpdaterHook "
        "CyclicLrUpdaterHook CyclicMomentumUpdaterHook ExpLrUpdaterHook FixedLrUpdaterHook "
        "FlatCosineAnnealingLrUpdaterHook InvLrUpdaterHook LinearAnnealingLrUpdaterHook "
        "LinearAnnealingMomentumUpdaterHook LrUpdaterHook MomentumUpdaterHook OneCycleLrUpdaterHook "
        "OneCycleMomentumUpdaterHook PolyLrUpdaterHook StepLrUpdaterHook StepMomentumUpdaterHook"
    ),
    f"{_OLD}.protocols.hooks": "LogBuffer",
    f"{_OLD}.runner.mmcv_runner": (
        "BaseRunner build_runner DefaultRunnerConstructor EpochBasedRunner IterBasedRunner "
        "Runner=EpochBasedRunner"
    ),
    f"{_OLD}.schedulers.policies": "annealing_cos annealing_linear",
    f"{_OLD}.file_client": "BaseStorageBackend=FileClient HardDiskBackend=FileClient",
    "mmpretrain.engine.hooks": (
        "CheckpointHook DistSamplerSeedHook EMAHook EmptyCacheHook Hook IterTimerHook ProfilerHook "
        "SyncBuffersHook"
    ),
}

#: Names of MMClassification and MMSelfSup that are not found in the package of the same path.
MMCLS = {
    f"{_API}.training": (
        "auto_fp16 auto_select_device force_fp32 init_random_seed setup_multi_processes train_model "
        "wrap_distributed_model wrap_fp16_model wrap_non_distributed_model"
    ),
    f"{_API}.classifiers": ("build_classifier imshow_infos inference_model init_model show_result_pyplot"),
    f"{_API}.downloads": (
        "calculate_md5 check_integrity check_md5 download_and_extract_archive download_url "
        "download_url_to_file extract_archive rm_suffix"
    ),
    f"{_OLD}.datasets.loaders": "build_dataloader build_sampler DistributedSampler",
    f"{_OLD}.evaluation.functions": (
        "average_performance average_precision calculate_confusion_matrix f1_score mAP precision "
        "precision_recall_f1 recall support"
    ),
    f"{_OLD}.evaluation.results": "multi_gpu_test single_gpu_test",
    f"{_OLD}.hooks.evaluation": "DistEvalHook EvalHook",
    f"{_OLD}.hooks.loggers": "MMClsWandbHook",
    f"{_OLD}.hooks.optimizer": "DistOptimizerHook",
    f"{_OLD}.hooks.updaters": "CosineAnnealingCooldownLrUpdaterHook",
    f"{_OLD}.models.augments": (
        "Augments BatchCutMixLayer BatchMixupLayer BatchResizeMixLayer build_augment one_hot_encoding"
    ),
    f"{_OLD}.schedulers.policies": "annealing_cos",
    "mmpretrain.engine.hooks": "ClassNumCheckHook PreciseBNHook",
    "mmpretrain.engine.hooks.precise_bn": "update_bn_stats",
    "mmpretrain.engine.optimizers": "Lamb",
    "mmpretrain.utils.dist": "sync_random_seed",
    "mmpretrain.registry": "PIPELINES=TRANSFORMS SAMPLERS=DATA_SAMPLERS",
    "mmpretrain.visualization": "ClsVisualizer=UniversalVisualizer SelfSupVisualizer=UniversalVisualizer",
    "mmpretrain.structures": "ClsDataSample=DataSample SelfSupDataSample=DataSample",
    f"{_API}.distributed": (
        "allreduce_grads collect_results_cpu collect_results_gpu set_random_seed worker_init_fn"
    ),
    f"{_API}.images": "color_val_matplotlib=color_val",
    f"{_API}.kinds": "multi_apply to_3tuple to_4tuple to_ntuple",
    f"{_API}.layers": "is_tracing=is_jit_tracing",
    f"{_API}.logs": "get_root_logger",
    f"{_API}.programs": "digit_version parse_version_info",
    f"{_API}.torch_names": "load_json_log",
}
