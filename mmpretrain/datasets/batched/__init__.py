"""Augmentation of whole batches, on the device that the model is on.

The names and arguments are those of the transforms of a pipeline, so an entry of ``train_pipeline`` can move
into ``data_preprocessor.batch_transforms`` as it is.
"""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("Batch", "BatchTransform"),
        "compose": ("BatchTransforms",),
    },
    registered={
        "color": ("ColorJitter", "RandomGrayscale"),
        "crop": ("RandomCrop", "RandomResizedCrop"),
        "erasing": ("RandomErasing",),
        "flip": ("AlternatingFlip", "RandomFlip"),
        "mixing": ("CutMix", "Mixup", "OneOf"),
        "policies": ("AutoAugment", "RandAugment", "TrivialAugmentWide"),
    },
)
