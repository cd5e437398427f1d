"""Backbones: from images to features."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "alexnet": ("AlexNet",),
        "base": ("BaseBackbone",),
        "efficientnet": ("EfficientNet",),
        "lenet": ("LeNet5",),
        "mobilenet_v2": ("MobileNetV2",),
        "mobilenet_v3": ("MobileNetV3",),
        "regnet": ("RegNet",),
        "repvgg": ("RepVGG",),
        "resnet": ("ResNet", "ResNetV1c", "ResNetV1d"),
        "resnet_cifar": ("ResNet_CIFAR",),
        "resnext": ("ResNeXt",),
        "seresnet": ("SEResNeXt", "SEResNet"),
        "shufflenet_v2": ("ShuffleNetV2",),
        "vgg": ("VGG",),
    },
)
