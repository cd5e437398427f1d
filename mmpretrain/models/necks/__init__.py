"""Necks: between backbone and head."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "dino": ("DINONeck",),
        "beitv2_neck": ("BEiTV2Neck",),
        "cae_neck": ("CAENeck",),
        "gap": ("GlobalAveragePooling",),
        "gem": ("GeneralizedMeanPooling",),
        "hr_fuse": ("HRFuseScales",),
        "ijepa_predictor": ("IJEPAPredictor",),
        "itpn_decoder": ("iTPNPretrainDecoder",),
        "linear_neck": ("LinearNeck",),
        "mae_decoder": ("MAEPretrainDecoder", "MILANPretrainDecoder", "MixMIMPretrainDecoder"),
        "masked": ("ClsBatchNormNeck", "FeaturePredictor", "SimMIMLinearDecoder"),
        "projection": ("DenseCLNeck", "MoCoV2Neck", "NonLinearNeck", "SwAVNeck"),
        "spark_decoder": ("SparKLightDecoder",),
    },
)
