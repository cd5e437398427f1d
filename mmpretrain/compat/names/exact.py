"""Names that mean something else in one old module than in the rest of its package.

Names of this package that moved away from the folder that they were in are here as well.
"""

from __future__ import annotations

_API = "mmpretrain.compat.api"
_OLD = "mmpretrain.compat"

#: Old module -> where its names are: module -> names, as in the tables of :mod:`.where`.
EXACT = {
    **{
        path: {
            "mmpretrain.models.backbones.edgenext": "PositionEncodingFourier",
            "mmpretrain.models.backbones.twins": "ConditionalPositionEncoding",
            "mmpretrain.models.layers.sparse": (
                "SparseAvgPooling SparseConv2d SparseLayerNorm2D SparseMaxPooling"
            ),
            "mmpretrain.models.layers.quantizer": "NormEMAVectorQuantizer",
            "mmpretrain.models.necks.cae_neck": "CrossMultiheadAttention",
            "mmpretrain.models.necks.mae_decoder": "PromptMultiheadAttention",
            f"{_API}.clip": "build_clip_model",
            f"{_API}.codebook": "EmbeddingEMA ema_inplace kmeans norm_ema_inplace sample_vectors",
            "mmpretrain.models.selfsup.shuffle": ("batch_shuffle_ddp=shuffle batch_unshuffle_ddp=unshuffle"),
            f"{_API}.kinds": "to_1tuple to_2tuple to_3tuple to_4tuple to_ntuple",
            f"{_API}.layers": "is_tracing=is_jit_tracing",
            "torch.nn.functional": "scaled_dot_product_attention_pyimpl=scaled_dot_product_attention",
        }
        for path in (
            "mmpretrain.models.utils",
            *(
                f"mmpretrain.models.utils.{name}"
                for name in (
                    "attention",
                    "batch_shuffle",
                    "clip_generator_helper",
                    "helpers",
                    "position_encoding",
                    "sparse_modules",
                    "vector_quantizer",
                )
            ),
        )
    },
    **{
        f"mmpretrain.evaluation.metrics.{module}": {
            "mmpretrain.evaluation.functional.classwise": (
                "_precision_recall_f1_support=precision_recall_f1_support"
            ),
        }
        for module in ("single_label", "multi_label")
    },
    "mmpretrain.evaluation.metrics.multi_label": {
        f"{_OLD}.evaluation.functions": "_average_precision=ap_of_one_class",
        "mmpretrain.evaluation.functional.classwise": (
            "_precision_recall_f1_support=precision_recall_f1_support"
        ),
    },
    "mmpretrain.models.utils.clip_generator_helper": {
        f"{_API}.clip": (
            "CLIP LayerNorm ResidualAttentionBlock Transformer VisionTransformer build_clip_model"
        ),
        "mmpretrain.models.layers.activation": "QuickGELU",
    },
    "mmpretrain.models.losses.swav_loss": {
        f"{_API}.selfsup": "distributed_sinkhorn",
        "mmpretrain.models.losses.swav": "MultiPrototypes",
    },
    "mmpretrain.models.necks.spark_neck": {f"{_API}.selfsup": "ConvBlock2x DecoderConvModule is_pow2n"},
    "mmpretrain.models.selfsup.cae": {f"{_API}.selfsup": "Conv2d EncoderBlock"},
    "mmpretrain.models.selfsup.simclr": {f"{_API}.selfsup": "GatherLayer"},
    "mmpretrain.models.necks.itpn_neck": {"mmpretrain.models.necks.itpn_decoder": "PatchSplit"},
    "mmpretrain.models.necks.milan_neck": {
        "mmpretrain.models.necks.mae_decoder": "PromptTransformerEncoderLayer"
    },
    "mmpretrain.models.backbones.resnet": {f"{_API}.layers": "get_expansion"},
    "mmpretrain.datasets.custom": {f"{_OLD}.datasets.samples": "get_samples"},
    "mmpretrain.datasets.transforms.auto_augment": {f"{_OLD}.transforms.records": "random_negative"},
    "mmcls.datasets.base_dataset": {"mmpretrain.datasets.record_list": "expanduser"},
    "mmcls.datasets.pipelines.auto_augment": {f"{_OLD}.transforms.records": "random_negative"},
    "mmcls.core.evaluation": {f"{_OLD}.evaluation.functions": "accuracy"},
    "mmcls.models.registry": {
        "mmpretrain.registry": (
            "BACKBONES=MODELS CLASSIFIERS=MODELS HEADS=MODELS LOSSES=MODELS NECKS=MODELS"
        ),
    },
    "mmpretrain.structures.utils": {
        f"{_API}.kinds": "LABEL_TYPE SCORE_TYPE",
    },
    "mmpretrain.utils.dependency": {f"{_API}.dependencies": "require satisfy_requirement"},
    "mmpretrain.visualization": {f"{_API}.figures": "create_figure get_adaptive_scale"},
    "mmpretrain.visualization.utils": {f"{_API}.figures": "create_figure get_adaptive_scale"},
    **{
        f"mmpretrain.engine.hooks{module}": {"mmpretrain.engine.hooks.hook": "DATA_BATCH=DataBatch"}
        for module in ("", ".precise_bn_hook")
    },
    "mmcls.models.losses": {f"{_OLD}.evaluation.functions": "accuracy Accuracy"},
    "mmcls.models.losses.accuracy": {f"{_OLD}.evaluation.functions": "accuracy Accuracy"},
    "mmcls.models.heads.base_head": {
        "mmpretrain.models.base": "BaseHead=BaseModule",
    },
    "mmcls.models.utils.augment.identity": {
        f"{_OLD}.models.augments": "Identity",
    },
    "mmpretrain.datasets.builder": {
        f"{_OLD}.datasets.builder": "build_dataset DATASETS PIPELINES SAMPLERS",
    },
    "mmpretrain.datasets.transforms.formatting": {
        f"{_OLD}.transforms.formatting": "Collect ImageToTensor ToTensor",
    },
    "mmpretrain.datasets.utils": {
        f"{_API}.downloads": (
            "calculate_md5 check_integrity check_md5 download_and_extract_archive download_url "
            "download_url_to_file extract_archive rm_suffix"
        ),
    },
    "mmpretrain.models.backbones.base_backbone": {
        "mmpretrain.models.backbones.base": "BaseBackbone",
    },
    "mmpretrain.models.builder": {
        f"{_OLD}.models.builder": (
            "ATTENTION BACKBONES build_backbone build_classifier build_head build_loss build_neck "
            "build_retriever CLASSIFIERS HEADS LOSSES MODELS NECKS RETRIEVER"
        ),
    },
    "mmpretrain.registry": {
        "mmpretrain.registry": "EVALUATOR=EVALUATORS",
    },
    "mmpretrain.utils": {
        f"{_API}.dependencies": "require",
        f"{_API}.torch_names": "get_ori_model load_json_log track_on_main_process",
    },
    "mmpretrain.version": {
        "mmpretrain": "__version__",
        f"{_API}.programs": "parse_version_info",
    },
}
