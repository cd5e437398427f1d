"""``model``: where weights come from, and batch augmentations."""

from __future__ import annotations

from typing import Any

from mmpretrain.compat.v0.translation import Old, Translation, sourced
from mmpretrain.config.node import ConfigDict
from mmpretrain.config.tracked import raw

_AUGMENTS = {"BatchMixup": "Mixup", "BatchCutMix": "CutMix", "BatchResizeMix": "ResizeMix"}
#: Weights that were made for a backbone alone.
_BACKBONE_WEIGHTS = ("torchvision://", "open-mmlab://", "mmcls://")


def translate_model(t: Translation) -> None:
    """Translate the 0.x arguments of a model."""
    model = t.get("model")
    if not isinstance(model, ConfigDict):
        return
    _translate_pretrained(t, model)
    if isinstance(model.get("train_cfg"), ConfigDict) and "augments" in model["train_cfg"]:
        _translate_augments(t, model["train_cfg"])
    backbone = model.get("backbone")
    if isinstance(backbone, ConfigDict):
        _translate_outputs(t, backbone)


def _translate_pretrained(t: Translation, model: ConfigDict) -> None:
    if "pretrained" not in model:
        return
    source = model._sources_.get("pretrained")
    checkpoint = model.pop("pretrained")
    if checkpoint is None:
        return
    part = "model.backbone" if str(checkpoint).startswith(_BACKBONE_WEIGHTS) else "model"
    t.set(f"{part}.init_cfg", {"type": "Pretrained", "checkpoint": checkpoint}, source)
    t.say(source, "model.pretrained", f"{part}.init_cfg")


def _translate_augments(t: Translation, train_cfg: ConfigDict) -> None:
    """``prob`` was an argument of each augmentation; what is missing to 1 leaves a batch alone."""
    source = train_cfg._sources_.get("augments")
    augments = raw(train_cfg, "augments")
    items = augments if isinstance(augments, (list, tuple)) else [augments]
    if not any(item.get("type") in {*_AUGMENTS, "Identity"} for item in items):
        return
    kept, probabilities = [], []
    for item in items:
        old = Old(t, item.copy(), "model.train_cfg.augments", source)
        kind = old.take("type")
        num_classes = old.take("num_classes")
        probability = old.take("prob", default=1.0 if kind == "Identity" else 0.5)
        if kind == "Identity":
            continue
        if kind not in _AUGMENTS:
            old.fail(
                "type", f"The augmentation {kind!r} cannot be translated", "Use Mixup, CutMix or ResizeMix."
            )
        kept.append(sourced({"type": _AUGMENTS[kind], **old.rest()}, source))
        probabilities.append(probability)
        if num_classes is not None and t.get("data_preprocessor.num_classes") is None:
            t.set("data_preprocessor.num_classes", num_classes, source)
    train_cfg.assign("augments", kept, source)
    train_cfg.assign("probs", probabilities, source)
    t.say(source, "model.train_cfg.augments", f"{', '.join(item['type'] for item in kept)} with probs")


def _translate_outputs(t: Translation, backbone: ConfigDict) -> None:
    source: Any = None
    out_type = None
    if "output_cls_token" in backbone:
        source = backbone._sources_.get("output_cls_token")
        out_type = None if backbone.pop("output_cls_token") else "featmap"
    if backbone.get("avg_token") is not None:
        source = backbone._sources_.get("avg_token")
        out_type = "avg_featmap" if backbone.pop("avg_token") else out_type
    if out_type is not None:
        t.set("model.backbone.out_type", out_type, source)
        t.say(source, "model.backbone.output_cls_token, avg_token", f"model.backbone.out_type={out_type!r}")
