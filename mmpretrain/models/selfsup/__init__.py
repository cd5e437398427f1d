"""Self-supervised methods."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "barlowtwins": ("BarlowTwins",),
        "base": ("BaseSelfSupervisor",),
        "beit": ("BEiT", "BEiTPretrainViT"),
        "byol": ("BYOL",),
        "cae": ("CAE", "CAEPretrainViT"),
        "clip_generator": ("CLIPGenerator",),
        "dalle": ("DALLEEncoder",),
        "densecl": ("DenseCL",),
        "dino": ("DINO",),
        "dinov2": ("DINOv2",),
        "ibot": ("MaskTokenViT", "iBOT"),
        "eva": ("EVA",),
        "hog": ("HOGGenerator",),
        "itpn": ("iTPN", "iTPNHiViT"),
        "mae": ("MAE", "MAEHiViT", "MAEViT"),
        "maskfeat": ("MaskFeat", "MaskFeatViT"),
        "mff": ("MFF", "MFFViT"),
        "milan": ("MILAN", "MILANViT"),
        "mixmim": ("MixMIM", "MixMIMPretrainTransformer"),
        "moco": ("MoCo",),
        "mocov3": ("MoCoV3", "MoCoV3ViT"),
        "nnclr": ("NNCLR",),
        "simclr": ("SimCLR",),
        "simmim": ("SimMIM", "SimMIMSwinTransformer"),
        "simsiam": ("SimSiam",),
        "spark": ("SparK",),
        "swav": ("SwAV",),
        "vicreg": ("VICReg",),
        "vqkd": ("VQKD",),
    },
    registered={"dalle": ("DALL-E",)},
)
