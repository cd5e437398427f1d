"""Recipes of methods that compare views of an image."""

from __future__ import annotations

from typing import Any

from mmpretrain.apis.pretraining.archs import Arch, backbone

CE = {"type": "CrossEntropyLoss"}
BN = {"type": "BN1d"}
OUT = 256
QUEUE = 4096


def hidden(arch: Arch) -> int:
    """Width of projections."""
    return max(1024, arch.channels) if arch.channels >= 384 else 512


def plain(arch: Arch, size: int) -> dict[str, Any]:
    """The network; a Vision Transformer puts out the class token."""
    extra = {"out_type": "cls_token"} if arch.family == "vit" else {}
    return {**backbone(arch, size), **extra}


def has_map(arch: Arch) -> bool:
    """Whether the output of :func:`plain` is a map, to be averaged."""
    return arch.family not in ("vit", "mixmim")


def mlp(arch: Arch, layers: int = 2, **changes: Any) -> dict[str, Any]:
    """A projection of features, with batch norm."""
    return {
        "type": "NonLinearNeck",
        "in_channels": arch.channels,
        "hid_channels": hidden(arch),
        "out_channels": OUT,
        "num_layers": layers,
        "norm_cfg": BN,
        "with_avg_pool": has_map(arch),
        **changes,
    }


def predictor(hid: int = 1024, **changes: Any) -> dict[str, Any]:
    """The predictor of BYOL and its kin."""
    return {
        "type": "NonLinearNeck",
        "in_channels": OUT,
        "hid_channels": hid,
        "out_channels": OUT,
        "num_layers": 2,
        "norm_cfg": BN,
        "with_avg_pool": False,
        "with_last_bn": False,
        "with_last_bias": True,
        **changes,
    }


def simclr(arch: Arch, size: int) -> dict[str, Any]:
    """SimCLR."""
    head = {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2}
    return {"type": "SimCLR", "backbone": plain(arch, size), "neck": mlp(arch), "head": head}


def byol(arch: Arch, size: int) -> dict[str, Any]:
    """BYOL."""
    head = {"type": "LatentPredictHead", "loss": {"type": "CosineSimilarityLoss"}, "predictor": predictor()}
    neck = mlp(arch, with_bias=True, with_last_bn=False)
    return {
        "type": "BYOL", "base_momentum": 0.01, "backbone": plain(arch, size), "neck": neck, "head": head
    }  # fmt: skip


def simsiam(arch: Arch, size: int) -> dict[str, Any]:
    """SimSiam."""
    head = {"type": "LatentPredictHead", "loss": {"type": "CosineSimilarityLoss"}, "predictor": predictor(64)}
    neck = mlp(arch, 3, with_last_bn_affine=False)
    return {"type": "SimSiam", "backbone": plain(arch, size), "neck": neck, "head": head}


def mocov2(arch: Arch, size: int) -> dict[str, Any]:
    """MoCo v2."""
    neck = {
        "type": "MoCoV2Neck", "in_channels": arch.channels, "hid_channels": hidden(arch), "out_channels": OUT,
        "with_avg_pool": has_map(arch),
    }  # fmt: skip
    head = {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2}
    return {
        "type": "MoCo", "queue_len": QUEUE, "feat_dim": OUT, "momentum": 0.01,
        "backbone": plain(arch, size), "neck": neck, "head": head,
    }  # fmt: skip


def densecl(arch: Arch, size: int) -> dict[str, Any]:
    """DenseCL."""
    neck = {
        "type": "DenseCLNeck", "in_channels": arch.channels, "hid_channels": hidden(arch),
        "out_channels": OUT, "num_grid": None,
    }  # fmt: skip
    return {**mocov2(arch, size), "type": "DenseCL", "neck": neck, "loss_lambda": 0.5}


def mocov3(arch: Arch, size: int) -> dict[str, Any]:
    """MoCo v3."""
    vit = arch.family == "vit"
    head = {
        "type": "MoCoV3Head", "temperature": 0.2, "loss": {**CE, "loss_weight": 0.4},
        "predictor": predictor(with_last_bn=True, with_last_bias=False, with_last_bn_affine=False),
    }  # fmt: skip
    model = plain(arch, size) | ({"type": "MoCoV3ViT", "stop_grad_conv1": True} if vit else {})
    neck = mlp(arch, 3 if vit else 2, with_last_bn_affine=False)
    return {"type": "MoCoV3", "base_momentum": 0.01, "backbone": model, "neck": neck, "head": head}


def barlowtwins(arch: Arch, size: int) -> dict[str, Any]:
    """Barlow Twins."""
    neck = mlp(arch, 3, out_channels=512, with_last_bn=False, with_last_bn_affine=False)
    loss = {"type": "CrossCorrelationLoss", "lambd": 0.01}
    head = {"type": "LatentCrossCorrelationHead", "in_channels": 512, "loss": loss}
    return {"type": "BarlowTwins", "backbone": plain(arch, size), "neck": neck, "head": head}


def vicreg(arch: Arch, size: int) -> dict[str, Any]:
    """VICReg."""
    neck = mlp(arch, 3, out_channels=512, with_last_bn=False, with_last_bn_affine=False)
    return {"type": "VICReg", "backbone": plain(arch, size), "neck": neck, "head": {"type": "VICRegHead"}}


def nnclr(arch: Arch, size: int) -> dict[str, Any]:
    """NNCLR."""
    head = {"type": "NNCLRHead", "loss": CE, "temperature": 0.1, "predictor": predictor()}
    return {
        "type": "NNCLR", "queue_len": QUEUE, "feat_dim": OUT, "backbone": plain(arch, size),
        "neck": mlp(arch, 3), "head": head,
    }  # fmt: skip


def swav(arch: Arch, size: int) -> dict[str, Any]:
    """SwAV."""
    neck = {
        "type": "SwAVNeck", "in_channels": arch.channels, "hid_channels": hidden(arch), "out_channels": OUT,
        "norm_cfg": BN, "with_avg_pool": has_map(arch),
    }  # fmt: skip
    loss = {"type": "SwAVLoss", "feat_dim": OUT, "num_crops": [2, 4], "num_prototypes": 512}
    head = {"type": "SwAVHead", "loss": {**loss, "epsilon": 0.05, "temperature": 0.1}}
    return {"type": "SwAV", "backbone": plain(arch, size), "neck": neck, "head": head}


def _dino(
    kind: str, arch: Arch, size: int, centering: str, vit: str, also: tuple[str, ...]
) -> dict[str, Any]:
    neck = {
        "type": "DINONeck", "in_channels": arch.channels, "out_channels": 4096, "hid_channels": 1024,
        "bottleneck_channels": 256,
    }  # fmt: skip
    head = {"type": "DINOHead", "out_channels": 4096, "centering": centering}
    extra = {"patch_neck": neck, "patch_head": head}
    model = plain(arch, size) | {"type": vit, "drop_path_rate": 0.1}
    return {
        "type": kind, "num_crops": (2, 4), "base_momentum": 0.004, "backbone": model, "neck": neck,
        "head": head, **{key: extra[key] for key in also},
    }  # fmt: skip


def dino(arch: Arch, size: int) -> dict[str, Any]:
    """DINO."""
    return _dino("DINO", arch, size, "mean", "VisionTransformer", ())


def ibot(arch: Arch, size: int) -> dict[str, Any]:
    """IBOT."""
    return _dino("iBOT", arch, size, "mean", "MaskTokenViT", ("patch_head",))


def dinov2(arch: Arch, size: int) -> dict[str, Any]:
    """DINOv2."""
    return _dino("DINOv2", arch, size, "sinkhorn", "MaskTokenViT", ("patch_neck", "patch_head"))
