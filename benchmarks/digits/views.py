"""Methods that compare views of an image, and the DINO family."""

from __future__ import annotations

from digits.networks import (
    ADAMW,
    CE,
    COSINE,
    FASTER,
    HIDDEN,
    NETWORKS,
    OUT,
    VIT,
    WIDTH,
    Cfg,
    Method,
    Network,
    mlp,
    predictor,
    projector,
    views,
)

RESNET = NETWORKS["resnet"]


def barlowtwins(net: Network) -> Cfg:
    """Barlow Twins."""
    loss = {"type": "CrossCorrelationLoss"}
    head = {"type": "LatentCrossCorrelationHead", "in_channels": OUT, "loss": loss}
    neck = projector(net, 3, with_last_bn=False)
    return {"type": "BarlowTwins", "backbone": net.cfg, "neck": neck, "head": head}


def byol(net: Network) -> Cfg:
    """BYOL."""
    head = {"type": "LatentPredictHead", "loss": COSINE, "predictor": predictor()}
    neck = projector(net, with_last_bn=False)
    return {"type": "BYOL", "backbone": net.cfg, "neck": neck, "base_momentum": 0.05, "head": head}


def moco(net: Network, kind: str = "MoCo", neck: Cfg | None = None) -> Cfg:
    """MoCo; DenseCL with its neck."""
    return {
        "type": kind, "backbone": net.cfg, "neck": neck or projector(net), "queue_len": 512, "feat_dim": OUT,
        "head": {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2}, "momentum": 0.05,
    }  # fmt: skip


def densecl(net: Network) -> Cfg:
    """DenseCL, which is for the maps of CNNs."""
    neck = {
        "type": "DenseCLNeck", "in_channels": RESNET.channels, "hid_channels": HIDDEN, "out_channels": OUT
    }  # fmt: skip
    return moco(RESNET, "DenseCL", neck)


def mocov3(net: Network) -> Cfg:
    """MoCo v3."""
    kind = net.cfg if net.pool else {**net.cfg, "type": "MoCoV3ViT"}
    head = {
        "type": "MoCoV3Head", "temperature": 0.2, "loss": {**CE, "loss_weight": 0.4},
        "predictor": mlp(OUT, with_last_bn_affine=False),
    }  # fmt: skip
    neck = projector(net, 3, with_last_bn_affine=False)
    return {"type": "MoCoV3", "backbone": kind, "base_momentum": 0.05, "neck": neck, "head": head}


def nnclr(net: Network) -> Cfg:
    """NNCLR."""
    head = {"type": "NNCLRHead", "loss": CE, "temperature": 0.1, "predictor": predictor()}
    return {
        "type": "NNCLR", "backbone": net.cfg, "neck": projector(net, 3), "queue_len": 1024, "feat_dim": OUT,
        "head": head,
    }  # fmt: skip


def simclr(net: Network) -> Cfg:
    """SimCLR."""
    head = {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2}
    return {"type": "SimCLR", "backbone": net.cfg, "neck": projector(net), "head": head}


def simsiam(net: Network) -> Cfg:
    """SimSiam."""
    head = {"type": "LatentPredictHead", "loss": COSINE, "predictor": predictor(OUT // 2)}
    neck = projector(net, 3, with_last_bn_affine=False)
    return {"type": "SimSiam", "backbone": net.cfg, "neck": neck, "head": head}


def swav(net: Network) -> Cfg:
    """SwAV, without small crops."""
    neck = {
        "type": "SwAVNeck", "in_channels": net.channels, "hid_channels": HIDDEN, "out_channels": OUT,
        "norm_cfg": {"type": "BN1d"}, "with_avg_pool": net.pool,
    }  # fmt: skip
    loss = {"type": "SwAVLoss", "feat_dim": OUT, "num_crops": [2], "num_prototypes": 64, "epsilon": 0.02}
    return {
        "type": "SwAV", "backbone": net.cfg, "neck": neck, "head": {"type": "SwAVHead", "loss": loss}
    }  # fmt: skip


def vicreg(net: Network) -> Cfg:
    """VICReg."""
    neck = projector(net, 3, with_last_bn=False)
    return {"type": "VICReg", "backbone": net.cfg, "neck": neck, "head": {"type": "VICRegHead"}}


def crops(
    kind: str, backbone: str, centering: str = "mean", momentum: float = 0.02, patches: bool = False
) -> Method:
    """DINO, and the methods that build on it; they are made for Vision Transformers."""
    neck = {
        "type": "DINONeck", "in_channels": WIDTH, "out_channels": 64, "hid_channels": HIDDEN,
        "bottleneck_channels": 64, "with_bn": True,
    }  # fmt: skip
    head = {"type": "DINOHead", "out_channels": 64, "centering": centering}
    also = {"patch_neck": neck, "patch_head": head} if patches else {}
    model = {
        "type": kind, "backbone": {**VIT, "type": backbone}, "neck": neck, "head": head, "num_crops": (2, 2),
        "base_momentum": momentum, **also,
    }  # fmt: skip
    return Method(lambda net, ask: model, "crops", ADAMW, network="ViT")


VIEWS: dict[str, Method] = {
    "BarlowTwins": views(barlowtwins),
    "BYOL": views(byol),
    "DenseCL": views(densecl, on_resnet=ADAMW, network=RESNET.about),
    # A quick teacher lets the targets become uniform.
    "DINO": crops("DINO", "VisionTransformer", momentum=0.004),
    "DINOv2": crops("DINOv2", "MaskTokenViT", "sinkhorn", 0.004, patches=True),
    "iBOT": crops("iBOT", "MaskTokenViT", momentum=0.004, patches=True),
    "MoCo": views(moco),
    "MoCoV3": views(mocov3),
    "NNCLR": views(nnclr),
    "SimCLR": views(simclr),
    "SimSiam": views(simsiam),
    "SwAV": views(swav, on_resnet=FASTER),
    "VICReg": views(vicreg),
}
