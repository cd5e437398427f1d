"""Self-supervised methods."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "barlowtwins": ("BarlowTwins",),
        "base": ("BaseSelfSupervisor",),
        "byol": ("BYOL",),
        "densecl": ("DenseCL",),
        "dino": ("DINO",),
        "dinov2": ("DINOv2",),
        "ibot": ("MaskTokenViT", "iBOT"),
        "moco": ("MoCo",),
        "mocov3": ("MoCoV3", "MoCoV3ViT"),
        "nnclr": ("NNCLR",),
        "simclr": ("SimCLR",),
        "simsiam": ("SimSiam",),
        "swav": ("SwAV",),
        "vicreg": ("VICReg",),
    },
)
