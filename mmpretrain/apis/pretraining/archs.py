"""Networks that ``mmpretrain pretrain`` knows, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: ``maps`` and ``tokens`` are networks of timm, by what they put out.
Family = Literal["resnet", "convnext", "vit", "swin", "hivit", "mixmim", "dinov3", "maps", "tokens"]

#: Family -> what the edges of its images are multiples of.
STEPS: dict[Family, int] = {"hivit": 16, "dinov3": 16, "swin": 32, "mixmim": 32}


@dataclass(frozen=True)
class Arch:
    """A network.

    Attributes:
        family: What kind of network it is.
        settings: Arguments that make it; they go before what :func:`backbone` chooses.
        channels: Number of channels of its output.
    """

    family: Family
    settings: dict[str, Any]
    channels: int

    @property
    def fetches(self) -> bool:
        """Whether it is a network of a library that fetches its weights."""
        return self.family in ("maps", "tokens")

    def is_like(self, other: Arch) -> bool:
        """Whether it may be the same network: its family, width and, of a ResNet, depth."""
        depths = [network.settings.get("depth") for network in (self, other)]
        return (self.family, self.channels) == (other.family, other.channels) and depths[0] == depths[1]

    def in_words(self) -> str:
        """What to call it in a message."""
        depth = self.settings.get("depth")
        kind = self.settings.get("type", self.family)
        return f"a {kind}{f' of depth {depth}' if depth else ''} with {self.channels} channels"

    def patch(self, image_size: int) -> int:
        """Edge of the patches of a Vision Transformer, its own or the usual one for images of a size."""
        own = self.settings.get("patch_size")
        return own if isinstance(own, int) else patch_size(image_size)

    def step(self, image_size: int) -> int:
        """What the edges of images are multiples of."""
        if self.family == "vit":  # whose usual patches are an eighth of a small image
            return self.patch(image_size) if "patch_size" in self.settings or image_size >= 128 else 1
        return STEPS.get(self.family, 1)

    def least(self, image_size: int) -> int:
        """Edge of the smallest images of which something is left; ``image_size`` is that of large crops."""
        return 8 * backbone(self, image_size)["stem_patch_size"] if self.family == "convnext" else 1


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
    small = image_size <= 64
    if arch.family in ("maps", "tokens"):
        return dict(arch.settings)
    if arch.family == "resnet":
        return {"type": "ResNet_CIFAR" if small else "ResNet", "norm_cfg": {"type": "BN"}, **arch.settings}
    if arch.family == "convnext":
        # With patches of 2, maps of small images are not reduced to nothing.
        usual = {"stem_patch_size": 2 if small else 4, "gap_before_final_norm": False}
        return {"type": "ConvNeXt", **usual, **arch.settings}
    size = {"img_size": image_size}
    if arch.family == "vit":
        patch = {"patch_size": patch_size(image_size)}
        return {"type": "VisionTransformer", **patch, **arch.settings, **size}
    if arch.family == "dinov3":
        return {"type": "DINOv3ViT", "patch_size": 16, **arch.settings, **size}
    if arch.family == "hivit":
        return {"type": "HiViT", "patch_size": 16, **arch.settings, **size}
    if arch.family == "swin":
        windows = {**_windows(image_size), "pad_small_map": True}  # maps of small crops
        return {"type": "SwinTransformer", **windows, **arch.settings, **size}
    sides = [image_size // (4 * 2**i) for i in range(4)]
    windows = {"window_size": [divisor(side, 14) for side in sides]}
    return {"type": "MixMIMTransformer", **windows, **arch.settings, **size}


def _windows(image_size: int) -> dict[str, Any]:
    return {"stage_cfgs": {"block_cfgs": {"window_size": _window(image_size // 4)}}}


def divisor(side: int, most: int) -> int:
    """The largest divisor of ``side`` that is not above ``most``."""
    return next(size for size in range(min(side, most), 0, -1) if side % size == 0)


def _window(side: int) -> int:
    """Side of the windows of a Swin Transformer whose first map has that side: the last map is one window."""
    return max(1, side // 8) if side % 7 else 7
