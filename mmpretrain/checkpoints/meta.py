"""What a checkpoint says about the data that its model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def meta_of(checkpoint: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata in a checkpoint; empty if there are none."""
    meta = checkpoint.get("meta")
    return meta if isinstance(meta, Mapping) else {}


def dataset_meta(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the metadata of the training data in a checkpoint, lower-case keys (0.x wrote ``CLASSES``)."""
    meta = meta_of(checkpoint)
    known = meta.get("dataset_meta", {"classes": meta["CLASSES"]} if "CLASSES" in meta else None)
    if not isinstance(known, Mapping):
        return None
    found = {str(key).lower(): value for key, value in known.items()}
    if "classes" in found:
        classes = found["classes"]
        if not isinstance(classes, (list, tuple)) or not all(isinstance(name, str) for name in classes):
            found.pop("classes")
        else:
            found["classes"] = tuple(classes)
    return found
