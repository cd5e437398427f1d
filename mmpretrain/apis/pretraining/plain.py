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


#: Arguments whose default is what the plain network is used with, whatever the training used.
OF_USE = ("out_indices", "out_type", "final_norm", "with_cls_token")


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
    given = {**_other_defaults(kind, plain), **cfg}
    kept = {k: v for k, v in given.items() if k not in drop and (takes is None or takes.takes(k))}
    if isinstance(kept.get("arch"), str):
        kept["arch"] = _known_arch(kept["arch"], MODELS.get(kind), MODELS.get(plain))
    if plain in TRANSFORMERS:
        kept["out_type"] = "cls_token" if cfg.get("out_type") == "cls_token" else "avg_featmap"
    if plain == "VisionTransformer":
        kept["with_cls_token"] = kind != "IJEPAViT"
    if plain == "TIMMBackbone":
        kept["pretrained"] = False
    return {"type": plain, **kept}


def _other_defaults(kind: str, plain: str) -> dict[str, Any]:
    """Defaults of the type that is trained which the plain type does not have: they make another network."""
    trained, used = (signature.read(MODELS.get(name)) for name in (kind, plain))
    if kind == plain or trained is None or used is None:
        return {}
    return {
        name: argument.default
        for name, argument in trained.all.items()
        if name in used.all and name not in OF_USE and argument.default != used.all[name].default
    }


def _known_arch(name: str, trained: Any, plain: Any) -> Any:
    """The arch, in full where only the type that is trained knows its name."""
    archs = {text.lower(): text for text in map(str, trained.arch_zoo)}
    known = name.lower() in (str(other).lower() for other in plain.arch_zoo)
    return name if known or name.lower() not in archs else dict(trained.arch_zoo[archs[name.lower()]])
