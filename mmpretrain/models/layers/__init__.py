"""Building blocks of models."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "activation": ("Clamp", "HSigmoid", "PixelShufflePack", "QuickGELU", "Swish"),
        "attention": ("BEiTAttention", "MultiheadAttention"),
        "build": (
            "build_activation_layer", "build_conv_layer", "build_norm_layer", "build_padding_layer",
            "build_plugin_layer", "build_upsample_layer", "is_norm", "make_norm", "per_layer",
        ),
        "channels": ("channel_shuffle", "make_divisible"),
        "context_block": ("ContextBlock",),
        "conv": ("Conv2dAdaptivePadding", "ConvAWS2d", "ConvWS2d", "DepthwiseSeparableConvModule"),
        "conv_module": ("ConvModule",),
        "cross_covariance": ("ChannelMultiheadAttention", "ClassAttention", "CrossCovarianceAttention"),
        "drop": (
            "DropPath", "Dropout", "build_dropout", "drop_path", "drop_path_rates", "stage_drop_path_rates",
        ),
        "encoder_layer": ("TransformerEncoderLayer",),
        "ffn": ("FFN", "SwiGLUFFN", "SwiGLUFFNFused"),
        "fourier": ("fourier_positions",),
        "generalized_attention": ("GeneralizedAttention",),
        "inverted_residual": ("InvertedResidual", "LinearBottleneck"),
        "layer_norm": ("GRN", "LayerNorm2d"),
        "layer_scale": ("LayerScale",),
        "non_local": ("NonLocal1d", "NonLocal2d", "NonLocal3d"),
        "offset_bias": ("OffsetBiasAttention",),
        "patch_embed": ("AdaptivePadding", "HybridEmbed", "PatchEmbed", "PatchMerging"),
        "position_embed": ("build_2d_sincos_position_embedding", "resize_pos_embed"),
        "quantizer": ("NormEMAVectorQuantizer",),
        "residual": ("BasicBlock", "Bottleneck", "ConvSpec", "ResLayer", "ResidualBlock"),
        "relative_position": ("RelativePositionBias", "resize_relative_position_bias_table"),
        "reparam": (
            "ReparamBlock", "fuse_conv_norm", "fuse_layers", "identity_kernel", "pad_kernel",
            "switch_to_deploy",
        ),
        "rotary": ("RotaryEmbedding",),
        "se_layer": ("SELayer",),
        "sinkhorn": ("distributed_sinkhorn",),
        "shape": ("to_2tuple",),
        "sparse": ("SparseBatchNorm2d", "SparseSyncBatchNorm2d"),
        "transformer_layer": ("BaseTransformerLayer", "TokenAttention", "TransformerLayerSequence"),
        "window_attention": ("ShiftWindowMSA", "WindowMSA", "WindowMSAV2"),
    },
    registered={
        "activation": ("Clip", "pixel_shuffle"),
        "conv": ("ConvAWS", "ConvWS"),
        "layer_norm": ("LN2d",),
        "registered": (
            "BN", "BN1d", "BN2d", "BN3d", "Conv", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d",
            "ConvTranspose3d", "ELU", "GELU", "GN", "HSwish", "IN", "IN1d", "IN2d", "IN3d", "LN", "LeakyReLU",
            "PReLU", "RReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "SyncBN", "Tanh", "bilinear", "deconv",
            "deconv3d", "nearest", "reflect", "replicate", "zero",
        ),
        "sparse": ("SparseLN2d",),
        "transformer_layer": ("MultiheadAttention",),
    },
)  # fmt: skip
