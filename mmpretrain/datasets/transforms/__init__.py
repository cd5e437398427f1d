"""Transforms, from a record of a data set to the input of a model."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "auto_augment": ("AugMix", "AutoAugment", "RandAugment", "ThreeAugment", "TrivialAugmentWide"),
        "auto_augment_base": ("BaseAugTransform",),
        "auto_augment_color": (
            "AutoContrast", "Brightness", "ColorTransform", "Contrast", "Equalize", "GaussianBlur", "Invert",
            "Posterize", "Sharpness", "Solarize", "SolarizeAdd",
        ),
        "auto_augment_geometry": ("Cutout", "Rotate", "Shear", "Translate"),
        "base": ("BaseTransform",),
        "color": ("ColorJitter", "Lighting", "Normalize", "RandomGrayscale"),
        "compose": ("Compose",),
        "crop": (
            "CenterCrop", "EfficientNetCenterCrop", "EfficientNetRandomCrop", "RandomCrop",
            "RandomResizedCrop",
        ),
        "erasing": ("RandomErasing",),
        "flip": ("RandomFlip",),
        "formatting": (
            "NumpyToPIL", "PILToNumpy", "PackInputs", "PackMultiTaskInputs", "ToNumpy", "ToPIL", "Transpose",
            "to_tensor",
        ),
        "from_albumentations": ("Albu", "Albumentations"),
        "mmpretrain.compat.transforms.formatting": ("Collect", "ImageToTensor", "ToTensor"),
        "letterbox": ("Letterbox",),
        "loading": ("LoadAnnotations", "LoadImageFromFile"),
        "masking": ("BEiTMaskGenerator", "SimMIMMaskGenerator"),
        "pad": ("Pad", "RandomTranslatePad"),
        "policies": ("AUTOAUG_POLICIES", "RANDAUG_POLICIES"),
        "randomness": ("avoid_cache_randomness", "cache_random_params", "cache_randomness"),
        "resize": ("RandomChoiceResize", "RandomResize", "Resize", "ResizeEdge"),
        "selfsup": ("MAERandomResizedCrop", "RandomResizedCropAndInterpolationWithTwoPic"),
        "text": ("CleanCaption", "OFAAddObjects"),
        "utils": ("get_transform_idx", "remove_transform"),
        "wrappers": (
            "ApplyToList", "KeyMapper", "MultiScaleFlipAug", "MultiView", "RandomApply", "RandomChoice",
            "TestTimeAug", "TransformBroadcaster",
        ),
    },
)  # fmt: skip
