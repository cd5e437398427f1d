"""Backbones: from images to features."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "alexnet": ("AlexNet",),
        "base": ("BaseBackbone",),
        "beit": ("BEiTViT",),
        "convnext": ("ConvNeXt",),
        "deit": ("DistilledVisionTransformer",),
        "deit3": ("DeiT3",),
        "edgenext": ("EdgeNeXt",),
        "efficientnet": ("EfficientNet",),
        "hornet": ("HorNet",),
        "lenet": ("LeNet5",),
        "mlp_mixer": ("MlpMixer",),
        "mobilenet_v2": ("MobileNetV2",),
        "mobilenet_v3": ("MobileNetV3",),
        "poolformer": ("PoolFormer",),
        "regnet": ("RegNet",),
        "repvgg": ("RepVGG",),
        "resnet": ("ResNet", "ResNetV1c", "ResNetV1d"),
        "resnet_cifar": ("ResNet_CIFAR",),
        "resnext": ("ResNeXt",),
        "riformer": ("RIFormer",),
        "seresnet": ("SEResNeXt", "SEResNet"),
        "shufflenet_v2": ("ShuffleNetV2",),
        "swin_transformer": ("SwinTransformer",),
        "swin_transformer_v2": ("SwinTransformerV2",),
        "timm_backbone": ("TIMMBackbone",),
        "van": ("VAN",),
        "vgg": ("VGG",),
        "vision_transformer": ("VisionTransformer",),
        "vit_eva02": ("ViTEVA02",),
        "xcit": ("XCiT",),
    },
)
