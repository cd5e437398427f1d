"""What the tests of foreign layouts share."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.fitting import COMPUTED

with gzip.open(Path(__file__).parent / "data" / "foreign_layouts.json.gz") as file:
    FOREIGN = json.load(file)
SHAPES, LOGITS = FOREIGN["shapes"], FOREIGN["logits"]

WITHOUT_NECK = (
    "VGG",
    "AlexNet",
    "ConvNeXt",
    "BEiTViT",
    "DeiT3",
    "TinyViT",
    "InceptionV3",
    "TNT",
    "DaViT",
    "DINOv3ViT",
)


def classifier(
    kind: str, width: int | dict[str, Any] | None = None, head: str = "LinearClsHead", **backbone: Any
):
    """The config of a classifier; ``width`` is that of its features, or a whole head."""
    cfg: dict[str, Any] = {"type": "ImageClassifier", "backbone": {"type": kind, **backbone}}
    cfg["data_preprocessor"] = {"type": "BaseDataPreprocessor"}
    if kind not in WITHOUT_NECK and "Vision" not in kind:
        tokens = kind in ("MlpMixer", "EfficientFormer")
        cfg["neck"] = {"type": "GlobalAveragePooling", "dim": 1 if tokens else 2}
    if width is not None:
        cfg["head"] = width if isinstance(width, dict) else {
            "type": head, "num_classes": 1000, "in_channels": width
        }  # fmt: skip
    return cfg


def vit(
    arch: str,
    width: int | None,
    kind: str = "VisionTransformer",
    head: str = "VisionTransformerClsHead",
    **more,
):
    return classifier(kind, width, head, arch=arch, **more)


def shapes(tensors: dict[str, Tensor]) -> dict[str, list[int]]:
    return {key: list(value.shape) for key, value in tensors.items() if not key.endswith(COMPUTED)}


def foreign(name: str, device: str = "meta") -> dict[str, Tensor]:
    return {key: torch.empty(shape, device=device) for key, shape in SHAPES[name].items()}


#: Our names of a Vision Transformer -> those of CLIP's authors.
CLIP_NAMES = (
    (r"^layers\.", "transformer.resblocks."), (r"^patch_embed\.projection", "conv1"),
    (r"^pre_norm", "ln_pre"), (r"^ln1", "ln_post"), (r"\.ln(\d)", r".ln_\1"),
    (r"attn\.qkv\.", "attn.in_proj_"), (r"attn\.proj", "attn.out_proj"),
    (r"ffn\.layers\.0\.0", "mlp.c_fc"), (r"ffn\.layers\.1", "mlp.c_proj"),
    (r"^cls_token", "class_embedding"), (r"^pos_embed", "positional_embedding"),
)  # fmt: skip


def renamed(weights: dict[str, Tensor], *rules: tuple[str, Any]) -> dict[str, Tensor]:
    """Weights under other names: each rule is applied to each name, one after the other."""
    names = {key: layouts.layout.rename(key, rules) for key in weights}
    return {name: weights[key] for key, name in names.items() if name is not None}
