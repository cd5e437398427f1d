"""Functions on images: NumPy arrays of shape ``(H, W)`` or ``(H, W, C)``, channels in BGR order."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "color": (
            "adjust_brightness", "adjust_color", "adjust_contrast", "adjust_hue", "adjust_lighting",
            "adjust_sharpness", "auto_contrast", "imdenormalize", "imequalize", "iminvert", "imnormalize",
            "posterize", "solarize", "solarize_add",
        ),
        "geometry": (
            "center_box", "cutout", "imcrop", "imflip", "impad", "imrescale", "imresize", "imrotate",
            "imshear", "imtranslate", "rescale_size", "scale_size",
        ),
        "io": ("imfrombytes", "imread", "imwrite"),
    },
)  # fmt: skip
