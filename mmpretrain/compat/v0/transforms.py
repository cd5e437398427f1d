"""0.x data pipelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmpretrain.config.node import ConfigDict, make_node
from mmpretrain.config.source import Source
from mmpretrain.config.tracked import raw_items

#: Steps that only 0.x pipelines have, or that mean something else there.
_CONVERSIONS = {"ImageToTensor", "ToTensor", "Collect"}
_OLD_TYPES = {*_CONVERSIONS, "Normalize", "ToPIL", "ToNumpy", "Albu"}
_OLD_ARGUMENTS = {"size", "flip_prob", "gray_prob", "efficientnet_style"}


def is_old_pipeline(pipeline: Any) -> bool:
    """Whether a list of transforms is written for 0.x."""
    if not isinstance(pipeline, (list, tuple)) or any(_type(step) == "PackInputs" for step in pipeline):
        return False
    return any(
        _type(step) in _OLD_TYPES or (isinstance(step, ConfigDict) and _OLD_ARGUMENTS & step.keys())
        for step in pipeline
    )


def final_normalize(pipeline: Any) -> dict[str, Any] | None:
    """Return the arguments of ``Normalize`` if nothing touches the pixels after it."""
    steps = [step for step in pipeline if _type(step) not in _CONVERSIONS]
    if not steps or _type(steps[-1]) != "Normalize":
        return None
    if sum(_type(step) == "Normalize" for step in steps) > 1:
        return None
    return {"to_rgb": True, **{key: value for key, value in raw_items(steps[-1]) if key != "type"}}


def translate_pipeline(pipeline: Any, *, drop_normalize: bool) -> list[Any]:
    """Write a pipeline for 1.x.

    Args:
        pipeline: The 0.x pipeline.
        drop_normalize: Leave ``Normalize`` to the data preprocessor.
    """
    steps: list[Any] = []
    packing = make_node({}, {})
    for step in pipeline:
        kind = _type(step)
        if kind in _CONVERSIONS:
            source = step._sources_.get("type")
            packing.assign("type", "PackInputs", source)
            if kind == "Collect":
                _keep_extras(step, packing, source)
        elif kind != "Normalize" or not drop_normalize:
            steps.append(translate_transform(step))
    return [*steps, packing] if packing else steps


def translate_transform(step: Any) -> Any:
    """Write one transform for 1.x; those that are the same today, and those of users, stay as they are."""
    rule = _RULES.get(_type(step) or "")
    if rule is None:
        return step
    return rule(step.copy())


def _type(step: Any) -> str | None:
    kind = step.get("type") if isinstance(step, ConfigDict) else None
    return kind.rpartition(".")[2] if isinstance(kind, str) else None


def _keep_extras(step: ConfigDict, packing: ConfigDict, source: Source | None) -> None:
    extra = [key for key in step.get("keys", ()) if key not in ("img", "gt_label")]
    if extra:
        packing.assign("algorithm_keys", tuple(extra), step._sources_.get("keys", source))
    if "meta_keys" in step:
        names = {"filename": "img_path", "ori_filename": "img_path"}
        kept = [names.get(key, key) for key in step["meta_keys"] if key != "img_norm_cfg"]
        packing.assign("meta_keys", tuple(dict.fromkeys(kept)), step._sources_.get("meta_keys", source))


def _rename(step: ConfigDict, names: dict[str, str]) -> ConfigDict:
    """Return the node with other names for its keys, in the same order."""
    new = make_node({}, {})
    for key, value in raw_items(step):
        new.assign(names.get(key, key), value, step._sources_.get(key))
    return new


def _retype(step: ConfigDict, kind: str) -> ConfigDict:
    step.assign("type", kind, step._sources_.get("type"))
    return step


def _resize(step: ConfigDict) -> ConfigDict:
    if "size" not in step:
        return step
    size, side = step["size"], step.pop("adaptive_side", "short")
    new = _rename(step, {"size": "scale"})
    if isinstance(size, (list, tuple)) and len(size) == 2 and size[1] == -1:
        _retype(new, "ResizeEdge").assign("scale", size[0], step._sources_.get("size"))
        new.assign("edge", side, step._sources_.get("size"))
    elif isinstance(size, (list, tuple)):  # (h, w) then, (w, h) now
        new.assign("scale", tuple(size)[::-1] if len(size) == 2 else size[0], step._sources_.get("size"))
    return new


def _random_resized_crop(step: ConfigDict) -> ConfigDict:
    efficientnet = step.pop("efficientnet_style", False)
    extras = {key: step.pop(key) for key in ("min_covered", "crop_padding") if key in step}
    names = {"size": "scale", "scale": "crop_ratio_range", "ratio": "aspect_ratio_range"}
    new = _rename(step, names)
    if efficientnet:
        _retype(new, "EfficientNetRandomCrop")
        for key, value in {"interpolation": "bilinear", **extras}.items():
            if key not in new:
                new.assign(key, value, step._sources_.get("type"))
    return new


def _center_crop(step: ConfigDict) -> ConfigDict:
    size = step["crop_size"]
    if step.pop("efficientnet_style", False):
        new = _retype(step, "EfficientNetCenterCrop")
        if "interpolation" not in new:
            new.assign("interpolation", "bilinear", step._sources_.get("type"))
        return new
    for key in ("crop_padding", "interpolation", "backend"):  # used by the other style only
        step.pop(key, None)
    if isinstance(size, (list, tuple)):  # (h, w) then, (w, h) now
        step.assign("crop_size", tuple(size)[::-1], step._sources_.get("crop_size"))
    return step


def _random_flip(step: ConfigDict) -> ConfigDict:
    new = _rename(step, {"flip_prob": "prob"})
    if "prob" not in new:
        new.assign("prob", 0.5, step._sources_.get("type"))
    return new


def _lighting(step: ConfigDict) -> ConfigDict:
    if "to_rgb" not in step:
        step.assign("to_rgb", True, step._sources_.get("type"))  # the default has changed
    return step


def _random_grayscale(step: ConfigDict) -> ConfigDict:
    new = _rename(step, {"gray_prob": "prob"})
    source = step._sources_.get("type")
    # OpenCV's weights, for images in BGR; the grey value is written to all three channels.
    new.assign("channel_weights", (0.114, 0.587, 0.299), source)
    new.assign("keep_channels", True, source)
    return new


def _same_policies(step: ConfigDict) -> ConfigDict:
    """Translate the transforms that a policy is made of."""

    def walk(value: Any) -> Any:
        if isinstance(value, ConfigDict):
            return translate_transform(value)
        return type(value)(map(walk, value)) if isinstance(value, (list, tuple)) else value

    if not isinstance(step.get("policies"), str):
        step.assign("policies", walk(step.get("policies", [])), step._sources_.get("policies"))
    return step


_RULES: dict[str, Callable[[ConfigDict], ConfigDict]] = {
    "Resize": _resize,
    "RandomResizedCrop": _random_resized_crop,
    "CenterCrop": _center_crop,
    "RandomCrop": lambda step: _rename(step, {"size": "crop_size"}),
    "RandomFlip": _random_flip,
    "RandomGrayscale": _random_grayscale,
    "Lighting": _lighting,
    "AutoAugment": _same_policies,
    "RandAugment": _same_policies,
    "ToPIL": lambda step: _retype(step, "NumpyToPIL"),
    "ToNumpy": lambda step: _retype(step, "PILToNumpy"),
    "Albu": lambda step: _retype(step, "Albumentations"),
}
