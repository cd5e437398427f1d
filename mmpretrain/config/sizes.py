"""How large the images are that a config works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.config.wrapped import innermost

#: Edge of images where a config does not tell.
USUAL_SIZE = 224
#: Keys of transforms that say how large an image becomes.
_KEYS = ("crop_size", "scale", "size")


def image_size(config: Any) -> int:
    """Edge of the images that the pipelines of a config put out; 224 if they do not tell.

    The pipelines of test data, of validation data and of training data are asked, and ``image_size`` and
    ``model.backbone.img_size`` where those do not tell.
    """
    for name in ("test_dataloader", "val_dataloader", "train_dataloader"):
        loader = config.get(name)
        if not loader or not isinstance(loader.get("dataset"), Mapping):
            continue
        if sizes := list(_edges(innermost(loader["dataset"]).get("pipeline") or [])):
            return sizes[-1] if name != "train_dataloader" else max(sizes)
    backbone = (config.get("model") or {}).get("backbone") or {}
    told = (config.get("image_size"), backbone.get("img_size"))
    return next((size for size in told if isinstance(size, int)), USUAL_SIZE)


def _edges(steps: Any) -> Iterator[int]:
    """Edges that steps of a pipeline, and those in them, crop or resize to."""
    if isinstance(steps, Mapping):
        kind = str(steps.get("type", ""))
        if "Edge" not in kind and ("Crop" in kind or "Resize" in kind):
            for value in map(steps.get, _KEYS):
                edge = value[0] if isinstance(value, (list, tuple)) and value else value
                if isinstance(edge, int):
                    yield edge
        steps = list(steps.values())
    if isinstance(steps, (list, tuple)):
        for step in steps:
            yield from _edges(step)
