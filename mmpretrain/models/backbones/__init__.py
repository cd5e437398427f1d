"""Backbones: from images to features."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("BaseBackbone",),
        "lenet": ("LeNet5",),
        "resnet": ("ResNet", "ResNetV1c", "ResNetV1d"),
        "resnet_cifar": ("ResNet_CIFAR",),
    },
)
