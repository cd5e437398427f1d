"""Necks: between backbone and head."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "dino": ("DINONeck",),
        "gap": ("GlobalAveragePooling",),
        "gem": ("GeneralizedMeanPooling",),
        "hr_fuse": ("HRFuseScales",),
        "linear_neck": ("LinearNeck",),
        "masked": ("ClsBatchNormNeck", "SimMIMLinearDecoder"),
        "projection": ("DenseCLNeck", "MoCoV2Neck", "NonLinearNeck", "SwAVNeck"),
    },
)
