"""Policies of AutoAugment and RandAugment, as data."""

from __future__ import annotations

from typing import Any

#: Argument that takes the strength of each operation.
_STRENGTH = {
    "Posterize": "bits",
    "Rotate": "angle",
    "Solarize": "thr",
    "Shear": "magnitude",
    "ColorTransform": "magnitude",
    "Contrast": "magnitude",
    "Sharpness": "magnitude",
}

#: `AutoAugment <https://arxiv.org/abs/1805.09501>`_, table 9: pairs of (operation, probability, strength).
#: The paper counts levels from 0 to 9; here they are angles, thresholds, bits and so on.
_IMAGENET: list[Any] = [
    (("Posterize", 0.4, 4), ("Rotate", 0.6, 30.0)),
    (("Solarize", 0.6, 256 / 9 * 4), ("AutoContrast", 0.6)),
    (("Equalize", 0.8), ("Equalize", 0.6)),
    (("Posterize", 0.6, 5), ("Posterize", 0.6, 5)),
    (("Equalize", 0.4), ("Solarize", 0.2, 256 / 9 * 5)),
    (("Equalize", 0.4), ("Rotate", 0.8, 30 / 9 * 8)),
    (("Solarize", 0.6, 256 / 9 * 6), ("Equalize", 0.6)),
    (("Posterize", 0.8, 6), ("Equalize", 1.0)),
    (("Rotate", 0.2, 10.0), ("Solarize", 0.6, 256 / 9)),
    (("Equalize", 0.6), ("Posterize", 0.4, 5)),
    (("Rotate", 0.8, 30 / 9 * 8), ("ColorTransform", 0.4, 0.0)),
    (("Rotate", 0.4, 30.0), ("Equalize", 0.6)),
    (("Equalize", 0.0), ("Equalize", 0.8)),
    (("Invert", 0.6), ("Equalize", 1.0)),
    (("ColorTransform", 0.6, 0.4), ("Contrast", 1.0, 0.8)),
    (("Rotate", 0.8, 30 / 9 * 8), ("ColorTransform", 1.0, 0.2)),
    (("ColorTransform", 0.8, 0.8), ("Solarize", 0.8, 256 / 9 * 2)),
    (("Sharpness", 0.4, 0.7), ("Invert", 0.6)),
    (("Shear", 0.6, 0.3 / 9 * 5), ("Equalize", 1.0)),
    (("ColorTransform", 0.4, 0.0), ("Equalize", 0.6)),
    (("Equalize", 0.4), ("Solarize", 0.2, 256 / 9 * 5)),
    (("Solarize", 0.6, 256 / 9 * 4), ("AutoContrast", 0.6)),
    (("Invert", 0.6), ("Equalize", 1.0)),
    (("ColorTransform", 0.6, 0.4), ("Contrast", 1.0, 0.8)),
    (("Equalize", 0.8), ("Equalize", 0.6)),
]

#: `RandAugment <https://arxiv.org/abs/1909.13719>`_ as timm runs it: every strength grows with the level.
#: Rows of (operation, strength at level 0, strength at the highest level, direction).
_TIMM: list[Any] = [
    ("AutoContrast",),
    ("Equalize",),
    ("Invert",),
    ("Rotate", 0, 30),
    ("Posterize", 4, 0),
    ("Solarize", 256, 0),
    ("SolarizeAdd", 0, 110),
    ("ColorTransform", 0, 0.9),
    ("Contrast", 0, 0.9),
    ("Brightness", 0, 0.9),
    ("Sharpness", 0, 0.9),
    ("Shear", 0, 0.3, "horizontal"),
    ("Shear", 0, 0.3, "vertical"),
    ("Translate", 0, 0.45, "horizontal"),
    ("Translate", 0, 0.45, "vertical"),
]

_SIMPLE_TYPES = ("AutoContrast", "Equalize", "Rotate", "Shear")


def _fixed(operation: str, prob: float, strength: float | None = None) -> dict[str, Any]:
    config: dict[str, Any] = {"type": operation, "prob": prob}
    if strength is not None:
        config[_STRENGTH[operation]] = strength
    if operation == "Shear":
        config["direction"] = "horizontal"
    return config


def _ranged(
    operation: str, start: float | None = None, end: float | None = None, direction: str | None = None
) -> dict[str, Any]:
    config: dict[str, Any] = {"type": operation}
    if start is not None:
        config["magnitude_range"] = (start, end)
    if direction is not None:
        config["direction"] = direction
    return config


AUTOAUG_POLICIES: dict[str, list[list[dict[str, Any]]]] = {
    "imagenet": [[_fixed(*first), _fixed(*second)] for first, second in _IMAGENET],
}
RANDAUG_POLICIES: dict[str, list[dict[str, Any]]] = {
    "timm_increasing": [_ranged(*row) for row in _TIMM],
    "simple_increasing": [_ranged(*row) for row in _TIMM if row[0] in _SIMPLE_TYPES],
}
