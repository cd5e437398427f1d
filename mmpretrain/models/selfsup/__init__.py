"""Self-supervised methods."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "barlowtwins": ("BarlowTwins",),
        "base": ("BaseSelfSupervisor",),
        "byol": ("BYOL",),
        "densecl": ("DenseCL",),
        "moco": ("MoCo",),
        "mocov3": ("MoCoV3", "MoCoV3ViT"),
        "simclr": ("SimCLR",),
        "simsiam": ("SimSiam",),
        "swav": ("SwAV",),
    },
)
