"""Everything that computes."""

from mmpretrain.utils.lazy import lazy_package

ROOMS = (
    "layers",
    "backbones",
    "necks",
    "heads",
    "losses",
    "classifiers",
    "selfsup",
    "retrievers",
    "multimodal",
    "tta",
    "peft",
)

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "averaged": (
            "BaseAveragedModel", "CosineEMA", "ExponentialMovingAverage", "MomentumAnnealingEMA",
            "StochasticWeightAverage",
        ),
        "base.model": ("BaseModel",),
        "base.preprocessor": ("BaseDataPreprocessor",),
        "batch_augments": ("CutMix", "Mixup", "RandomBatchAugment", "ResizeMix"),
        "mmpretrain.compat.models.builder": (
            "BACKBONES", "CLASSIFIERS", "HEADS", "LOSSES", "NECKS", "build_backbone", "build_classifier",
            "build_head", "build_loss", "build_neck",
        ),
        "preprocess": ("ClsDataPreprocessor", "ImgDataPreprocessor"),
        "preprocess_views": (
            "MultiModalDataPreprocessor", "SelfSupDataPreprocessor", "TwoNormDataPreprocessor",
            "VideoDataPreprocessor",
        ),
    },
    registered={
        "init": (
            "Caffe2Xavier", "Constant", "Kaiming", "Normal", "Pretrained", "TruncNormal", "Uniform", "Xavier",
        ),
    },
    reexports=ROOMS,
)  # fmt: skip
