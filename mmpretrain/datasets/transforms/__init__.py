"""From a record of a data set to what the model takes."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("BaseTransform",),
        "compose": ("Compose",),
        "crop": (
            "CenterCrop", "EfficientNetCenterCrop", "EfficientNetRandomCrop", "RandomCrop",
            "RandomResizedCrop",
        ),
        "flip": ("RandomFlip",),
        "formatting": (
            "NumpyToPIL", "PILToNumpy", "PackInputs", "PackMultiTaskInputs", "ToNumpy", "ToPIL", "Transpose",
            "to_tensor",
        ),
        "loading": ("LoadAnnotations", "LoadImageFromFile"),
        "pad": ("Pad", "RandomTranslatePad"),
        "randomness": ("avoid_cache_randomness", "cache_random_params", "cache_randomness"),
        "resize": ("RandomChoiceResize", "RandomResize", "Resize", "ResizeEdge"),
    },
)  # fmt: skip
