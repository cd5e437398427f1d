"""Building blocks; no block knows the models that use it."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "attention": ("BEiTAttention", "MultiheadAttention"),
        "drop": ("DropPath", "Dropout", "build_dropout", "drop_path", "drop_path_rates"),
        "layer_norm": ("GRN", "LayerNorm2d"),
        "layer_scale": ("LayerScale",),
        "position_embed": ("resize_pos_embed",),
        "relative_position": ("RelativePositionBias", "resize_relative_position_bias_table"),
        "shape": ("to_2tuple",),
        "window_attention": ("ShiftWindowMSA", "WindowMSA", "WindowMSAV2"),
    },
    registered={
        "layer_norm": ("LN2d",),
    },
)
