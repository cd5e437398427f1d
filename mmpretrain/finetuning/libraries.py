"""Classifiers of other libraries: how they want images, and whether their weights can be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmpretrain.config.sizes import USUAL_SIZE
from mmpretrain.errors import ArgumentError, MissingFileError, MMPretrainError
from mmpretrain.registry import MODELS
from mmpretrain.utils.optional import optional_import
from mmpretrain.utils.seeding import preserved_rng

#: Classifier -> the library.
LIBRARIES = {"TimmClassifier": "timm", "HuggingFaceClassifier": "transformers"}
#: What the folder of a model of Transformers has.
HUGGING_FACE_CONFIG = "config.json"
IMAGENET = {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375], "to_rgb": True}


@dataclass(frozen=True)
class Images:
    """How a model wants images.

    Attributes:
        preprocessor: Mean and standard deviation of the channels, for values from 0 to 255.
        size: Edge in pixels.
    """

    preprocessor: dict[str, Any]
    size: int


def images_of(model: Mapping[str, Any]) -> Images:
    """Return how a model of another library wants images, as the library says; else as for ImageNet.

    Args:
        model: Config of the classifier.

    Raises:
        OptionalDependencyError: If the library is not installed.
        ArgumentError: If the library has no such model.
    """
    library, name = LIBRARIES[model["type"]], str(model["model_name"])
    optional_import(library, feature=f"A model of {library}", extra=library)
    facts = _of_timm(name) if library == "timm" else _of_transformers(name)
    mean, std, size = facts.get("mean"), facts.get("std"), facts.get("size")
    own = IMAGENET
    if _is_colour(mean) and _is_colour(std):
        own = {"mean": _bytes(mean), "std": _bytes(std), "to_rgb": True}
    return Images(dict(own), size if isinstance(size, int) and size > 0 else USUAL_SIZE)


def require_weights(model: Mapping[str, Any], name: str) -> None:
    """Let the library fetch the weights now, so that a failure is reported before the data are read.

    Raises:
        MissingFileError: If it cannot.
    """
    if not model.get("pretrained"):
        return
    try:
        with preserved_rng():
            MODELS.build(dict(model))
    except MMPretrainError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # what both libraries raise, and what they use
        reason = (" ".join(str(error).split()) or type(error).__name__)[:300]
        raise MissingFileError(
            f"the weights of {name} cannot be had: {reason}",
            where="MODEL",
            hint=f"To train it from scratch, name a config with model = dict(type={model['type']!r}, "
            f"model_name={model['model_name']!r}, pretrained=False).",
        ) from error


def is_transformers_folder(folder: Path) -> bool:
    """Whether a folder is what ``save_pretrained`` of Transformers writes."""
    config = folder / HUGGING_FACE_CONFIG
    return config.is_file() and any(
        any(folder.glob(kind)) for kind in ("*.safetensors", "pytorch_model*.bin")
    )


def _of_timm(name: str) -> dict[str, Any]:
    timm = optional_import("timm", feature="A model of timm", extra="timm")
    try:
        cfg = timm.get_pretrained_cfg(name)
    except RuntimeError as error:  # as for a name with a tag that it does not know
        raise ArgumentError(f"timm has no model {name!r}: {error}", key="model_name") from error
    size = getattr(cfg, "input_size", None) or (None,)
    return {"mean": getattr(cfg, "mean", None), "std": getattr(cfg, "std", None), "size": size[-1]}


def _of_transformers(name: str) -> dict[str, Any]:
    """Read ``preprocessor_config.json``, which a model may lack."""
    hub = optional_import("transformers", feature="A model of Transformers", extra="transformers")
    try:
        found, _ = hub.ImageProcessingMixin.get_image_processor_dict(name)
    except (OSError, ValueError):
        found = {}
    size = found.get("crop_size") or found.get("size")
    if isinstance(size, Mapping):
        size = size.get("height") or size.get("shortest_edge")
    if not found.get("do_normalize", True):
        return {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), "size": size}
    return {"mean": found.get("image_mean"), "std": found.get("image_std"), "size": size}


def _is_colour(value: Any) -> bool:
    """Whether it is a number for each of three channels."""
    return (
        isinstance(value, (list, tuple))
        and len(value) == 3
        and all(isinstance(v, (int, float)) for v in value)
    )


def _bytes(values: Any) -> list[float]:
    """Turn numbers for pixels from 0 to 1 into those for 0 to 255."""
    return [round(255 * float(value), 3) for value in values]
