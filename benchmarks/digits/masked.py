"""Methods that predict what is hidden from the network, and continued pre-training.

Those whose targets come from another network get a stand-in for it, see `teachers.py`. HOG, CLIP and some
decoders take three channels only; these methods see three equal ones.
"""

from __future__ import annotations

from typing import Any

from digits.networks import (
    ADAMW,
    ARCH,
    CE,
    FASTER,
    GRID,
    L2,
    LARGE_SIDE,
    MEDIUM_SIDE,
    PATCH,
    SIDE,
    VIT,
    WIDTH,
    Ask,
    Cfg,
    Method,
    Network,
    decoder,
)
from digits.teachers import CLIP_DIMS, PICTURE_SIDE, TOKENIZER, TOKENS, VQKD

COLOUR_VIT = {**VIT, "in_channels": 3}
HIDDEN_PATCHES = 6
TOWARDS_CLIP = {"type": "CosineSimilarityLoss", "shift_factor": 2.0, "scale_factor": 2.0}


def encoder(kind: str, channels: int = 1, **changes: Any) -> Cfg:
    """A Vision Transformer of MAE and its kin, whose patch embedding is told the channels."""
    return {
        "type": kind, "arch": ARCH, "img_size": SIDE, "patch_size": PATCH, "mask_ratio": 0.6,
        "patch_cfg": {"in_channels": channels}, **changes,
    }  # fmt: skip


def mae(kind: str, backbone: str, **changes: Any) -> Cfg:
    """MAE and MFF."""
    head = {"type": "MAEPretrainHead", "norm_pix": True, "patch_size": PATCH, "in_channels": 1, "loss": L2}
    return {
        "type": kind, "backbone": encoder(backbone, **changes), "neck": decoder("MAEPretrainDecoder"),
        "head": head,
    }  # fmt: skip


def ijepa() -> Cfg:
    """I-JEPA.

    Patches must outweigh positions at the start: most patches of a digit are empty, so that positions alone
    would predict the targets, and these would soon hold nothing else.
    """
    start = {"type": "Normal", "layer": "Conv2d", "std": 0.7}
    neck = {
        "type": "IJEPAPredictor", "num_patches": GRID**2, "embed_dim": WIDTH, "predictor_embed_dim": 32,
        "depth": 2, "num_heads": 4,
    }  # fmt: skip
    return {
        "type": "IJEPA", "base_momentum": 0.004, "backbone": {**VIT, "type": "IJEPAViT", "init_cfg": start},
        "neck": neck, "head": {"type": "MIMHead", "loss": L2},
    }  # fmt: skip


def maskfeat() -> Cfg:
    """MaskFeat; a patch has 2 x 2 cells."""
    hog = {"type": "HOGGenerator", "nbins": 9, "pool": PATCH // 2, "gaussian_window": 0, "grid": GRID}
    neck = {"type": "LinearNeck", "in_channels": WIDTH, "out_channels": 4 * 3 * 9, "gap_dim": 0}
    backbone = {
        "type": "MaskFeatViT", "arch": ARCH, "img_size": SIDE, "patch_size": PATCH
    }  # fmt: skip
    return {
        "type": "MaskFeat", "backbone": backbone, "neck": neck, "head": {"type": "MIMHead", "loss": L2},
        "target_generator": hog,
    }  # fmt: skip


def towards_clip(kind: str, backbone: str, neck: str, ask: Ask) -> Cfg:
    """EVA and MILAN."""
    colours = {"in_chans": 3, "predict_feature_dim": CLIP_DIMS}
    return {
        "type": kind, "backbone": encoder(backbone, 3), "neck": decoder(neck, **colours),
        "head": {"type": "MIMHead", "loss": TOWARDS_CLIP},
        "target_generator": {"type": "CLIPGenerator", "tokenizer_path": ask("clip")},
    }  # fmt: skip


def pretrained(cfg: Cfg, path: str) -> Cfg:
    """A target generator with its weights."""
    return {**cfg, "init_cfg": {"type": "Pretrained", "checkpoint": path}}


def beit(ask: Ask) -> Cfg:
    """BEiT."""
    return {
        "type": "BEiT", "backbone": {**VIT, "type": "BEiTPretrainViT"}, "neck": None,
        "head": {"type": "BEiTV1Head", "embed_dims": WIDTH, "num_embed": TOKENS, "loss": CE},
        "target_generator": pretrained(TOKENIZER, ask("tokenizer")),
    }  # fmt: skip


def beitv2(ask: Ask) -> Cfg:
    """BEiT v2."""
    arch = {**ARCH, "depth": ARCH["num_layers"]}
    backbone = {
        **COLOUR_VIT, "type": "BEiTPretrainViT", "arch": arch, "out_indices": [-2, -1], "final_norm": False
    }  # fmt: skip
    return {
        "type": "BEiT", "backbone": backbone,
        "neck": {"type": "BEiTV2Neck", "num_layers": 1, "early_layers": 2, "backbone_arch": arch},
        "head": {"type": "BEiTV2Head", "embed_dims": WIDTH, "num_embed": TOKENS, "loss": CE},
        "target_generator": pretrained(VQKD, ask("vqkd")),
    }  # fmt: skip


def cae(ask: Ask) -> Cfg:
    """CAE."""
    neck = {
        "type": "CAENeck", "num_classes": TOKENS, "embed_dims": WIDTH, "regressor_depth": 2,
        "decoder_depth": 2, "num_heads": 4, "mlp_ratio": 2, "layer_scale_init_value": 0.1,
        "mask_tokens_num": HIDDEN_PATCHES,
    }  # fmt: skip
    return {
        "type": "CAE", "backbone": {**VIT, "type": "CAEPretrainViT", "layer_scale_init_value": 0.1},
        "neck": neck, "head": {"type": "CAEHead", "loss": {"type": "CAELoss", "lambd": 2}},
        "target_generator": pretrained(TOKENIZER, ask("tokenizer")),
    }  # fmt: skip


def continued(ask: Ask) -> Cfg:
    """Continued pre-training from the MAE of this benchmark."""
    start = {"type": "Pretrained", "checkpoint": ask("mae"), "prefix": "backbone."}
    return {
        "type": "ContinuedPretraining", "mask_size": PATCH,
        "backbone": {**VIT, "out_type": "featmap", "init_cfg": start},
        "neck": {"type": "FeaturePredictor", "in_channels": WIDTH, "hid_channels": 2 * WIDTH},
        "head": {"type": "MIMHead", "loss": {"type": "CosineSimilarityLoss", "shift_factor": 1.0}},
    }  # fmt: skip


# -- networks that reduce images 8-fold or more: images of 32 or 64 pixels -----------------------------------


def simmim() -> Cfg:
    """SimMIM; two stages reduce images 8-fold, so that a digit of 32 pixels has 4 x 4 cells."""
    backbone = {
        "type": "SimMIMSwinTransformer", "arch": {"embed_dims": 64, "depths": [2, 2], "num_heads": [4, 8]},
        "img_size": MEDIUM_SIDE, "out_indices": (1,), "drop_path_rate": 0.0,
        "stage_cfgs": {"block_cfgs": {"window_size": 4}},
    }  # fmt: skip
    loss = {"type": "PixelReconstructionLoss", "criterion": "L1", "channel": 3}
    return {
        "type": "SimMIM", "backbone": backbone,
        "neck": {"type": "SimMIMLinearDecoder", "in_channels": 128, "encoder_stride": MEDIUM_SIDE // GRID},
        "head": {"type": "SimMIMHead", "patch_size": 4, "loss": loss},
    }  # fmt: skip


def mixmim() -> Cfg:
    """MixMIM."""
    arch = {"embed_dims": 16, "depths": [1, 1, 2, 1], "num_heads": [1, 2, 4, 8]}
    backbone = {
        "type": "MixMIMPretrainTransformer", "arch": arch, "img_size": LARGE_SIDE, "mask_ratio": 0.5,
        "window_size": [4, 4, 4, 2],
    }  # fmt: skip
    neck = decoder(
        "MixMIMPretrainDecoder", 128, num_patches=(LARGE_SIDE // 32) ** 2, in_chans=3, encoder_stride=32
    )
    return {
        "type": "MixMIM", "backbone": backbone, "neck": neck,
        "head": {"type": "MixMIMPretrainHead", "norm_pix": True, "loss": L2},
    }  # fmt: skip


def itpn(target: str, ask: Ask) -> Cfg:
    """iTPN, which predicts pixels or CLIP's features.

    The stand-in for CLIP has two layers, so that a patch alone nearly tells its target. The lower levels of
    the pyramid see hidden patches, and are left out.
    """
    arch = {"embed_dims": WIDTH, "depths": [1, 1, 4], "num_heads": 4}
    neck = decoder(
        "iTPNPretrainDecoder", patch_size=16, in_chans=3, fpn_dim=32, fpn_depth=1, reconstruction_type=target
    )
    backbone = {
        "type": "iTPNHiViT", "arch": arch, "img_size": LARGE_SIDE, "reconstruction_type": target,
        "mask_ratio": 0.6,
    }  # fmt: skip
    head = {"type": "MAEPretrainHead", "norm_pix": True, "patch_size": 16, "loss": L2}
    if target == "pixel":
        return {"type": "iTPN", "backbone": backbone, "neck": neck, "head": head}
    neck["num_outs"] = 1
    loss = {"type": "CosineSimilarityLoss", "shift_factor": 1.0}
    head = {"type": "iTPNClipHead", "embed_dims": WIDTH, "num_embed": CLIP_DIMS, "loss": loss}
    generator = {"type": "CLIPGenerator", "tokenizer_path": ask("clip")}
    return {"type": "iTPN", "backbone": backbone, "neck": neck, "head": head, "target_generator": generator}


def spark() -> Cfg:
    """SparK.

    The network reduces images 8-fold, so that a digit of 32 pixels has 4 x 4 patches.
    """
    channels = [32, 64, 128]
    backbone = {
        "type": "SparseConvNeXt", "arch": {"depths": [1, 1, 2], "channels": channels}, "stem_patch_size": 2,
        "out_indices": (0, 1, 2), "gap_before_output": False,
    }  # fmt: skip
    stride = MEDIUM_SIDE // GRID
    neck = {
        "type": "SparKLightDecoder", "feature_dim": 64, "upsample_ratio": stride, "norm_cfg": {"type": "BN"}
    }  # fmt: skip
    return {
        "type": "SparK", "input_size": MEDIUM_SIDE, "downsample_raito": stride, "mask_ratio": 0.6,
        "enc_dec_norm_dim": channels[-1], "enc_dec_norm_cfg": {"type": "SparseLN2d", "eps": 1e-6},
        "backbone": backbone, "neck": neck,
        "head": {"type": "SparKPretrainHead", "patch_size": stride, "loss": L2},
    }  # fmt: skip


DECAYED = {**ADAMW, "weight_decay": 0.05}
GENTLE = {**ADAMW, "lr": 2e-4}
MEDIUM: dict[str, Any] = {"side": MEDIUM_SIDE, "channels": 3}
LARGE: dict[str, Any] = {"side": LARGE_SIDE, "channels": 3}
FEW: dict[str, Any] = {"input": "image", "optimizer": ADAMW, "batch": 16}


def plain(model: Cfg, **settings: Any) -> Method:
    """A method without a teacher."""
    return Method(lambda net, ask: model, **{**FEW, **settings})


def taught(make: Any, **settings: Any) -> Method:
    """A method with a teacher."""

    def model(net: Network, ask: Ask) -> Cfg:
        return make(ask)

    return Method(model, **{**FEW, **settings})


def both_clip(kind: str, backbone: str, neck: str) -> Method:
    """EVA or MILAN."""
    return taught(lambda ask: towards_clip(kind, backbone, neck, ask), channels=3, teacher="CLIP stand-in")


MASKED: dict[str, Method] = {
    "BEiT": taught(beit, input="twice", second_side=PICTURE_SIDE, teacher="tokenizer stand-in"),
    "BEiTv2": taught(beitv2, input="twice", channels=3, teacher="VQKD stand-in"),
    "CAE": taught(cae, input="twice", second_side=PICTURE_SIDE, teacher="tokenizer stand-in"),
    "continued": taught(continued, input="pair", batch=64, optimizer=GENTLE, teacher="own MAE"),
    "EVA": both_clip("EVA", "MAEViT", "MAEPretrainDecoder"),
    "IJEPA": plain(ijepa(), optimizer={**DECAYED, "lr": 2e-4}),
    "iTPN": plain(itpn("pixel", str), network="HiViT", **LARGE),
    "iTPN-CLIP": taught(
        lambda ask: itpn("clip", ask), input="twice", network="HiViT", teacher="CLIP stand-in", **LARGE
    ),
    "MAE": plain(mae("MAE", "MAEViT")),
    "MaskFeat": plain(maskfeat(), input="blocks", channels=3),
    "MFF": plain(mae("MFF", "MFFViT", out_indices=[0, 2, 3])),
    "MILAN": both_clip("MILAN", "MILANViT", "MILANPretrainDecoder"),
    "MixMIM": plain(mixmim(), network="MixMIM", **LARGE),
    "SimMIM": plain(simmim(), input="squares", network="Swin", optimizer=FASTER, **MEDIUM),
    "SparK": plain(spark(), network="ConvNeXt", optimizer=DECAYED, **MEDIUM),
}
