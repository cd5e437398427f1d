"""Networks that ``mmpretrain pretrain`` knows, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Family = Literal["resnet", "convnext", "vit", "swin", "hivit", "mixmim", "dinov3"]


@dataclass(frozen=True)
class Arch:
    """A network.

    Attributes:
        family: What kind of network it is.
        settings: Arguments that make it.
        channels: Number of channels of its output.
    """

    family: Family
    settings: dict[str, Any]
    channels: int


def _vit(name: str | dict[str, int], channels: int) -> Arch:
    return Arch("vit", {"arch": name}, channels)


MICRO = {"embed_dims": 96, "num_layers": 6, "num_heads": 3, "feedforward_channels": 384}

#: Name -> network.
ARCHS: dict[str, Arch] = {
    "resnet18": Arch("resnet", {"depth": 18}, 512),
    "resnet34": Arch("resnet", {"depth": 34}, 512),
    "resnet50": Arch("resnet", {"depth": 50}, 2048),
    "resnet101": Arch("resnet", {"depth": 101}, 2048),
    "convnext-atto": Arch("convnext", {"arch": "atto"}, 320),
    "convnext-tiny": Arch("convnext", {"arch": "tiny"}, 768),
    "convnext-small": Arch("convnext", {"arch": "small"}, 768),
    "vit-micro": _vit(MICRO, 96),
    "vit-tiny": _vit("deit-tiny", 192),
    "vit-small": _vit("deit-small", 384),
    "vit-base": _vit("base", 768),
    "vit-large": _vit("large", 1024),
    "dinov3-tiny": Arch("dinov3", {"arch": "tiny"}, 192),
    "dinov3-small": Arch("dinov3", {"arch": "small"}, 384),
    "dinov3-small-plus": Arch("dinov3", {"arch": "small-plus"}, 384),
    "dinov3-base": Arch("dinov3", {"arch": "base"}, 768),
    "dinov3-large": Arch("dinov3", {"arch": "large"}, 1024),
    "swin-tiny": Arch("swin", {"arch": "tiny"}, 768),
    "swin-base": Arch("swin", {"arch": "base"}, 1024),
    "hivit-tiny": Arch("hivit", {"arch": "tiny"}, 384),
    "hivit-base": Arch("hivit", {"arch": "base"}, 512),
    "mixmim-base": Arch("mixmim", {"arch": "base"}, 1024),
}


def patch_size(image_size: int) -> int:
    """Edge of the patches of a Vision Transformer: 16, or less so that small images have 8 in a row."""
    return 16 if image_size >= 128 else max(1, image_size // 8)


def backbone(arch: Arch, image_size: int) -> dict[str, Any]:
    """The config of the plain network for images of a size."""
    if arch.family == "resnet":
        small = image_size <= 64
        return {"type": "ResNet_CIFAR" if small else "ResNet", **arch.settings, "norm_cfg": {"type": "BN"}}
    if arch.family == "convnext":
        # With patches of 2, maps of small images are not reduced to nothing.
        stem = 2 if image_size <= 64 else 4
        return {"type": "ConvNeXt", **arch.settings, "stem_patch_size": stem, "gap_before_final_norm": False}
    sized = {**arch.settings, "img_size": image_size}
    if arch.family == "vit":
        return {"type": "VisionTransformer", **sized, "patch_size": patch_size(image_size)}
    if arch.family == "dinov3":
        return {"type": "DINOv3ViT", **sized, "patch_size": 16}
    if arch.family == "hivit":
        return {"type": "HiViT", **sized, "patch_size": 16}
    if arch.family == "swin":
        window = {"window_size": _window(image_size // 4)}
        return {"type": "SwinTransformer", **sized, "stage_cfgs": {"block_cfgs": window}}
    sides = [image_size // (4 * 2**i) for i in range(4)]
    return {"type": "MixMIMTransformer", **sized, "window_size": [_divisor(side, 14) for side in sides]}


def _divisor(side: int, most: int) -> int:
    """The largest divisor of ``side`` that is not above ``most``."""
    return next(size for size in range(min(side, most), 0, -1) if side % size == 0)


def _window(side: int) -> int:
    """Side of the windows of a Swin Transformer whose first map has that side: the last map is one window."""
    return max(1, side // 8) if side % 7 else 7
