"""The plain network in a backbone that a method trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain import signature
from mmpretrain.registry import MODELS

#: Type that a method trains -> plain type of the same network.
PLAIN = {
    **dict.fromkeys(
        ("MAEViT", "MFFViT", "MILANViT", "MaskFeatViT", "MaskTokenViT", "IJEPAViT", "MoCoV3ViT"),
        "VisionTransformer",
    ),
    **dict.fromkeys(("BEiTPretrainViT", "CAEPretrainViT"), "BEiTViT"),
    **dict.fromkeys(("MAEHiViT", "iTPNHiViT"), "HiViT"),
    "MixMIMPretrainTransformer": "MixMIMTransformer",
    "SimMIMSwinTransformer": "SwinTransformer",
    "SparseResNet": "ResNet",
    "SparseConvNeXt": "ConvNeXt",
}
#: Arguments that belong to the training.
OF_TRAINING = ("init_cfg", "frozen_stages", "norm_eval", "with_cp", "freeze")
#: Plain types whose outputs a method chooses by ``out_indices`` and ``out_type``.
TRANSFORMERS = ("VisionTransformer", "DINOv3ViT", "BEiTViT")


def plain_backbone(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the plain network in a backbone, to be used without the method."""
    kind: str = cfg["type"]
    plain = PLAIN.get(kind) or kind
    takes = signature.read(MODELS.get(plain))
    drop = {"type", *OF_TRAINING}
    if kind.startswith("Sparse"):
        drop |= {"norm_cfg", "out_indices"}
    if plain in TRANSFORMERS:
        drop.add("out_indices")
    kept = {k: v for k, v in cfg.items() if k not in drop and (takes is None or takes.takes(k))}
    if plain in TRANSFORMERS:
        kept["out_type"] = "cls_token" if cfg.get("out_type") == "cls_token" else "avg_featmap"
    if plain == "VisionTransformer":
        kept["with_cls_token"] = kind != "IJEPAViT"
    if plain == "TIMMBackbone":
        kept["pretrained"] = False
    return {"type": plain, **kept}
