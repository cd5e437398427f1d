"""Recipes of methods that predict what is hidden, and of continued pre-training."""

from __future__ import annotations

from typing import Any

from mmpretrain.apis.pretraining.archs import Arch, backbone, divisor

L2 = {"type": "PixelReconstructionLoss", "criterion": "L2"}


def patches(size: int, edge: int) -> int:
    """Number of patches of an image."""
    return (size // edge) ** 2


def decoder(kind: str, arch: Arch, size: int, edge: int, **changes: Any) -> dict[str, Any]:
    """A decoder half as wide as the network, with four layers."""
    width = max(64, arch.channels // 2 // 64 * 64)
    return {
        "type": kind,
        "num_patches": patches(size, edge),
        "patch_size": edge,
        "embed_dim": arch.channels,
        "decoder_embed_dim": width,
        "decoder_depth": 4,
        "decoder_num_heads": max(1, width // 32),
        **changes,
    }


def mae(arch: Arch, size: int) -> dict[str, Any]:
    """MAE."""
    edge = arch.patch(size) if arch.family == "vit" else 16
    kind = "MAEViT" if arch.family == "vit" else "MAEHiViT"
    return {
        "type": "MAE",
        "backbone": backbone(arch, size) | {"type": kind, "mask_ratio": 0.75},
        "neck": decoder("MAEPretrainDecoder", arch, size, edge),
        "head": {"type": "MAEPretrainHead", "norm_pix": True, "patch_size": edge, "loss": L2},
    }


def mff(arch: Arch, size: int) -> dict[str, Any]:
    """MFF."""
    model = mae(arch, size)
    model["backbone"] |= {"type": "MFFViT", "out_indices": [0, 2, 4, -1]}
    return model | {"type": "MFF"}


def ijepa(arch: Arch, size: int) -> dict[str, Any]:
    """I-JEPA."""
    width = max(96, arch.channels // 2)
    neck = {
        "type": "IJEPAPredictor",
        "num_patches": patches(size, arch.patch(size)),
        "embed_dim": arch.channels,
        "predictor_embed_dim": width,
        "depth": 4,
        "num_heads": max(1, width // 32),
    }
    return {
        "type": "IJEPA",
        "base_momentum": 0.004,
        "backbone": backbone(arch, size) | {"type": "IJEPAViT"},
        "neck": neck,
        "head": {"type": "MIMHead", "loss": L2},
    }


def maskfeat(arch: Arch, size: int) -> dict[str, Any]:
    """MaskFeat."""
    edge = arch.patch(size)
    cell = divisor(edge, max(2, edge // 2))  # four cells in a patch, or one in a patch that has no half
    cell = edge if cell == 1 else cell
    cells = (edge // cell) ** 2
    return {
        "type": "MaskFeat",
        "backbone": backbone(arch, size) | {"type": "MaskFeatViT"},
        "neck": {
            "type": "LinearNeck", "in_channels": arch.channels, "out_channels": 27 * cells, "gap_dim": 0
        },
        "head": {"type": "MIMHead", "loss": L2},
        "target_generator": {
            "type": "HOGGenerator", "nbins": 9, "pool": cell, "gaussian_window": 0, "grid": size // edge
        },
    }  # fmt: skip


def simmim(arch: Arch, size: int) -> dict[str, Any]:
    """SimMIM."""
    loss = {"type": "PixelReconstructionLoss", "criterion": "L1", "channel": 3}
    return {
        "type": "SimMIM",
        "backbone": backbone(arch, size) | {"type": "SimMIMSwinTransformer"},
        "neck": {"type": "SimMIMLinearDecoder", "in_channels": arch.channels, "encoder_stride": 32},
        "head": {"type": "SimMIMHead", "patch_size": 4, "loss": loss},
    }


def mixmim(arch: Arch, size: int) -> dict[str, Any]:
    """MixMIM."""
    return {
        "type": "MixMIM",
        "backbone": backbone(arch, size) | {"type": "MixMIMPretrainTransformer", "mask_ratio": 0.5},
        "neck": decoder("MixMIMPretrainDecoder", arch, size, 32, encoder_stride=32),
        "head": {"type": "MixMIMPretrainHead", "norm_pix": True, "loss": L2},
    }


def itpn(arch: Arch, size: int) -> dict[str, Any]:
    """iTPN, with pixels as the target."""
    return {
        "type": "iTPN",
        "backbone": backbone(arch, size) | {"type": "iTPNHiViT", "reconstruction_type": "pixel"},
        "neck": decoder("iTPNPretrainDecoder", arch, size, 16, fpn_dim=256, fpn_depth=2),
        "head": {"type": "MAEPretrainHead", "norm_pix": True, "patch_size": 16, "loss": L2},
    }


def spark(arch: Arch, size: int) -> dict[str, Any]:
    """SparK."""
    own = ("type", "norm_cfg", "stem_patch_size", "gap_before_final_norm")
    sparse: dict[str, Any] = {key: value for key, value in arch.settings.items() if key not in own}
    sparse["out_indices"] = (0, 1, 2, 3)
    norm = {"type": "SparseSyncBatchNorm2d"}
    if arch.family == "resnet":
        sparse["type"] = "SparseResNet"
    else:
        norm = {"type": "SparseLN2d", "eps": 1e-6}
        sparse |= {"type": "SparseConvNeXt", "gap_before_output": False}
    return {
        "type": "SparK",
        "input_size": size,
        "downsample_raito": 32,
        "mask_ratio": 0.6,
        "enc_dec_norm_cfg": norm,
        "enc_dec_norm_dim": arch.channels,
        "backbone": sparse,
        "neck": {"type": "SparKLightDecoder", "feature_dim": 512, "upsample_ratio": 32},
        "head": {"type": "SparKPretrainHead", "patch_size": 32, "loss": L2},
    }


def continued(arch: Arch, size: int) -> dict[str, Any]:
    """Continued pre-training."""
    extra = {"out_type": "featmap", "drop_path_rate": 0.1} if arch.family in ("vit", "dinov3") else {}
    return {
        "type": "ContinuedPretraining",
        "mask_size": max(2, size // 8),
        "backbone": backbone(arch, size) | extra,
        "neck": {"type": "FeaturePredictor", "in_channels": arch.channels, "hid_channels": 2 * arch.channels},
        "head": {"type": "MIMHead", "loss": {"type": "CosineSimilarityLoss", "shift_factor": 1.0}},
    }
