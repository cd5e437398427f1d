"""Self-supervised methods on the digits that ship with the package: small models, real pipelines.

Every method trains the same backbone of its kind: a narrow ResNet-18, or a Vision Transformer of four layers.
Not here: methods whose networks want larger images (SimMIM, MixMIM, iTPN, SparK, MaskFeat), and those that
learn from a trained network (BEiT, CAE, EVA, MILAN, continued pre-training).
"""

from __future__ import annotations

from typing import Any

SIDE, SMALL_SIDE, BATCH = 16, 12, 64
WIDTH, FEAT, HIDDEN, OUT = 16, 128, 256, 64

RESNET = {
    "type": "ResNet", "depth": 18, "in_channels": 1, "stem_channels": WIDTH, "base_channels": WIDTH,
    "norm_cfg": {"type": "BN"},
}  # fmt: skip
ARCH = {"embed_dims": 64, "num_layers": 4, "num_heads": 4, "feedforward_channels": 128}
VIT: dict[str, Any] = {
    "type": "VisionTransformer", "arch": ARCH, "img_size": SIDE, "patch_size": 4, "in_channels": 1
}  # fmt: skip
PREPROCESSOR = {"type": "SelfSupDataPreprocessor", "mean": [77.8], "std": [95.9]}
CE = {"type": "CrossEntropyLoss"}
COSINE = {"type": "CosineSimilarityLoss"}

SGD = {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}
ADAMW = {"type": "AdamW", "lr": 1e-3, "weight_decay": 1e-4}


def mlp(in_channels: int = FEAT, out_channels: int = OUT, layers: int = 2, **changes: Any) -> dict[str, Any]:
    """A projection with batch norm."""
    return {
        "type": "NonLinearNeck", "in_channels": in_channels, "hid_channels": HIDDEN, "num_layers": layers,
        "out_channels": out_channels, "norm_cfg": {"type": "BN1d"}, **changes,
    }  # fmt: skip


def predictor(hidden: int = HIDDEN) -> dict[str, Any]:
    """The predictor of BYOL and SimSiam."""
    return mlp(OUT, hid_channels=hidden, with_avg_pool=False, with_last_bn=False, with_last_bias=True)


def dino(kind: str, backbone: str, centering: str = "mean", **changes: Any) -> dict[str, Any]:
    """DINO and the methods that build on it."""
    neck = {
        "type": "DINONeck", "in_channels": 64, "out_channels": 64, "hid_channels": HIDDEN,
        "bottleneck_channels": 64, "with_bn": True,
    }  # fmt: skip
    head = {"type": "DINOHead", "out_channels": 64, "centering": centering}
    model = {
        "type": kind,
        "backbone": {**VIT, "type": backbone},
        "neck": neck,
        "head": head,
        "num_crops": (2, 2),
        "base_momentum": 0.02,
    }
    extra = {"patch_neck": neck, "patch_head": head}
    return {**model, **{key: extra[key] for key in changes.pop("also", ())}, **changes}


def moco(kind: str, neck: dict[str, Any]) -> dict[str, Any]:
    """MoCo and DenseCL."""
    head = {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2}
    return {
        "type": kind, "backbone": RESNET, "neck": neck, "head": head, "queue_len": 512, "feat_dim": OUT,
        "momentum": 0.05,
    }  # fmt: skip


def masked(kind: str, backbone: str, **changes: Any) -> dict[str, Any]:
    """MAE and MFF."""
    head = {
        "type": "MAEPretrainHead", "norm_pix": True, "patch_size": 4, "in_channels": 1,
        "loss": {"type": "PixelReconstructionLoss", "criterion": "L2"},
    }  # fmt: skip
    neck = {
        "type": "MAEPretrainDecoder", "num_patches": 16, "patch_size": 4, "in_chans": 1, "embed_dim": 64,
        "decoder_embed_dim": 64, "decoder_depth": 2, "decoder_num_heads": 4, "mlp_ratio": 2,
    }  # fmt: skip
    encoder = {
        "type": backbone, "arch": ARCH, "img_size": SIDE, "patch_size": 4, "patch_cfg": {"in_channels": 1},
        "mask_ratio": 0.6, **changes,
    }  # fmt: skip
    return {"type": kind, "backbone": encoder, "neck": neck, "head": head}


#: Iterations of a run; 22 are one epoch. A step of masked methods is cheap, and they need more.
ITERS, MASKED_ITERS = 300, 1500
LONGER = {"iBOT": 600}

#: Method -> model, optimizer.
METHODS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "BarlowTwins": (
        {
            "type": "BarlowTwins", "backbone": RESNET, "neck": mlp(layers=3, with_last_bn=False),
            "head": {
                "type": "LatentCrossCorrelationHead", "in_channels": OUT,
                "loss": {"type": "CrossCorrelationLoss"},
            },
        },
        SGD,
    ),
    "BYOL": (
        {
            "type": "BYOL", "backbone": RESNET, "neck": mlp(with_last_bn=False), "base_momentum": 0.05,
            "head": {"type": "LatentPredictHead", "loss": COSINE, "predictor": predictor()},
        },
        SGD,
    ),
    "DenseCL": (moco("DenseCL", {
        "type": "DenseCLNeck", "in_channels": FEAT, "hid_channels": HIDDEN, "out_channels": OUT
    }), ADAMW),
    "DINO": (dino("DINO", "VisionTransformer"), ADAMW),
    "DINOv2": (dino("DINOv2", "MaskTokenViT", "sinkhorn", also=("patch_neck", "patch_head")), ADAMW),
    # A quick teacher lets the targets of the shared head become uniform.
    "iBOT": ({**dino("iBOT", "MaskTokenViT", also=("patch_head",)), "base_momentum": 0.004}, ADAMW),
    # Patches must outweigh positions at the start: most patches of a digit are empty, so that positions alone
    # would predict the targets, and these would soon hold nothing else.
    "IJEPA": (
        {
            "type": "IJEPA", "base_momentum": 0.004,
            "backbone": {
                **VIT, "type": "IJEPAViT", "init_cfg": {"type": "Normal", "layer": "Conv2d", "std": 0.7}
            },
            "neck": {
                "type": "IJEPAPredictor", "num_patches": 16, "embed_dim": 64, "predictor_embed_dim": 32,
                "depth": 2, "num_heads": 4,
            },
            "head": {"type": "MIMHead", "loss": {"type": "PixelReconstructionLoss", "criterion": "L2"}},
        },
        {**ADAMW, "weight_decay": 0.05},
    ),
    "MAE": (masked("MAE", "MAEViT"), ADAMW),
    "MFF": (masked("MFF", "MFFViT", out_indices=[0, 2, 3]), ADAMW),
    "MoCo": (moco("MoCo", mlp()), SGD),
    "MoCoV3": (
        {
            "type": "MoCoV3", "backbone": {**VIT, "type": "MoCoV3ViT"}, "base_momentum": 0.05,
            "neck": mlp(64, layers=3, with_avg_pool=False, with_last_bn_affine=False),
            "head": {
                "type": "MoCoV3Head", "temperature": 0.2, "loss": {**CE, "loss_weight": 0.4},
                "predictor": mlp(OUT, with_avg_pool=False, with_last_bn_affine=False),
            },
        },
        ADAMW,
    ),
    "NNCLR": (
        {
            "type": "NNCLR", "backbone": RESNET, "neck": mlp(layers=3), "queue_len": 1024, "feat_dim": OUT,
            "head": {"type": "NNCLRHead", "loss": CE, "temperature": 0.1, "predictor": predictor()},
        },
        SGD,
    ),
    "SimCLR": (
        {
            "type": "SimCLR", "backbone": RESNET, "neck": mlp(),
            "head": {"type": "ContrastiveHead", "loss": CE, "temperature": 0.2},
        },
        SGD,
    ),
    "SimSiam": (
        {
            "type": "SimSiam", "backbone": RESNET, "neck": mlp(layers=3, with_last_bn_affine=False),
            "head": {"type": "LatentPredictHead", "loss": COSINE, "predictor": predictor(OUT // 2)},
        },
        SGD,
    ),
    "SwAV": (
        {
            "type": "SwAV", "backbone": RESNET,
            "neck": {
                "type": "SwAVNeck", "in_channels": FEAT, "hid_channels": HIDDEN, "out_channels": OUT,
                "norm_cfg": {"type": "BN1d"},
            },
            "head": {"type": "SwAVHead", "loss": {
                "type": "SwAVLoss", "feat_dim": OUT, "num_crops": [2], "num_prototypes": 64, "epsilon": 0.02
            }},
        },
        {**ADAMW, "lr": 2e-3},
    ),
    "VICReg": (
        {
            "type": "VICReg", "backbone": RESNET, "neck": mlp(layers=3, with_last_bn=False),
            "head": {"type": "VICRegHead"},
        },
        SGD,
    ),
}  # fmt: skip

#: Methods that see small crops, too, and methods that see one view.
MULTI_CROP = ("DINO", "DINOv2", "iBOT")
ONE_VIEW = ("IJEPA", "MAE", "MFF")


def view(side: int, area: tuple[float, float]) -> list[dict[str, Any]]:
    """A pipeline that makes one view of a digit."""
    return [
        {"type": "RandomResizedCrop", "scale": side, "crop_ratio_range": area},
        {"type": "Rotate", "angle": 15.0, "prob": 0.5},
        {"type": "RandomApply", "prob": 0.8, "transforms": [
            {"type": "ColorJitter", "brightness": 0.4, "contrast": 0.4}
        ]},
        {"type": "GaussianBlur", "magnitude_range": (0.1, 1.0), "magnitude_std": "inf", "prob": 0.3},
    ]  # fmt: skip


def pipeline(method: str) -> list[dict[str, Any]]:
    """The training pipeline of a method."""
    if method in ONE_VIEW:
        crop = {"type": "RandomResizedCrop", "scale": SIDE, "crop_ratio_range": (0.6, 1.0)}
        return [{"type": "Resize", "scale": 32}, crop, {"type": "PackInputs"}]
    views, counts = [view(SIDE, (0.4, 1.0))], [2]
    if method in MULTI_CROP:
        views, counts = [*views, view(SMALL_SIDE, (0.4, 0.8))], [2, 2]
    return [
        {"type": "Resize", "scale": 32},
        {"type": "MultiView", "num_views": counts, "transforms": views},
        {"type": "PackInputs"},
    ]


def run_config(method: str, work_dir: str, iters: int | None = None, seed: int = 0) -> dict[str, Any]:
    """The config of a run."""
    model, optimizer = METHODS[method]
    if iters is None:
        iters = MASKED_ITERS if method in ONE_VIEW else LONGER.get(method, ITERS)
    return {
        "model": {**model, "data_preprocessor": PREPROCESSOR},
        "train_dataloader": {
            "batch_size": BATCH, "num_workers": 0, "drop_last": True,
            "dataset": {"type": "Digits", "split": "train", "pipeline": pipeline(method)},
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "collate_fn": {"type": "default_collate"},
        },
        "optim_wrapper": {"optimizer": optimizer, "clip_grad": {"max_norm": 3.0}},
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": max(iters // 20, 1)},
            {"type": "CosineAnnealingLR", "by_epoch": False, "begin": max(iters // 20, 1), "end": iters},
        ],
        "train_cfg": {"by_epoch": False, "max_iters": iters},
        "default_hooks": {"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 50}},
        "work_dir": work_dir, "log_level": "ERROR", "randomness": {"seed": seed}, "device": "cpu",
    }  # fmt: skip
