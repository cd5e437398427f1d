"""Whether images have as many channels as the data preprocessor and the backbone take."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from mmpretrain.datasets.places import place_of
from mmpretrain.datasets.preflight_problem import HARD, Problem
from mmpretrain.errors import MMPretrainError
from mmpretrain.registry import MODELS
from mmpretrain.utils.seeding import preserved_rng

#: What backbones call the number of channels of images.
_KEYS = ("in_channels", "in_chans")


def wrong_channels(cfg: Any, split: str, dataset: Any) -> Iterator[Problem]:
    """Compare the first image of a data set with what a config says of the model.

    Args:
        cfg: The config.
        split: The split.
        dataset: Its data set.
    """
    model = cfg.get("model")
    backbone = model.get("backbone") if isinstance(model, Mapping) else None
    channels = _channels_of(dataset)
    if channels is None or not isinstance(backbone, Mapping):
        return
    settings = model.get("data_preprocessor") or cfg.get("data_preprocessor") or {}
    if not isinstance(settings, Mapping) or not _is_ours(settings.get("type", "ClsDataPreprocessor")):
        return
    mean = settings.get("mean")
    values = len(mean) if isinstance(mean, (list, tuple)) else 1
    image = f"images of {split} have {channels} channel{'s' * (channels != 1)} ({place_of(dataset, 0)})"
    if values != channels and 1 not in (values, channels):
        where = _place(settings, "mean", "data_preprocessor.mean")
        yield Problem(HARD, split, f"{image}, and mean has {values} values: give one for each ({where})")
        return
    key, wanted = channels_wanted(backbone)
    # One channel less three means is three channels.
    given = values if channels == 1 else channels
    if key is not None and wanted != given:
        advice = f"set {key}={given} in model.backbone"
        if given == 1 and wanted == 3:
            advice += ", or color_type='color' in LoadImageFromFile"
        if given == 3 and wanted == 1:
            advice += ", or color_type='grayscale' in LoadImageFromFile"
        where = _place(backbone, key, f"the default of {backbone.get('type')}")
        yield Problem(HARD, split, f"{image}, and the backbone takes {key}={wanted} ({where}): {advice}")


def _channels_of(dataset: Any) -> int | None:
    """Return the number of channels that the pipeline gives; None if it gives no single image (C, H, W)."""
    with preserved_rng():
        try:
            sample = dataset[0]
        except (MMPretrainError, OSError):  # has a check of its own
            return None
    inputs = sample.get("inputs") if isinstance(sample, Mapping) else None
    return int(inputs.shape[0]) if isinstance(inputs, torch.Tensor) and inputs.ndim == 3 else None


def channels_wanted(backbone: Mapping[str, Any]) -> tuple[str | None, int]:
    """Return how a backbone calls its number of channels, and the number."""
    kind = backbone.get("type")
    cls: Any = MODELS.get(kind) if isinstance(kind, str) else kind
    if not inspect.isclass(cls) or not _is_ours(cls):
        return None, 0
    names: dict[str, Any] = {}
    for owner in reversed(inspect.getmro(cls)):  # some hand options on to the class they derive from
        if "__init__" in vars(owner):
            names.update(inspect.signature(owner).parameters)
    for key in _KEYS:
        wanted = backbone.get(key, getattr(names.get(key), "default", None))
        if key in names and isinstance(wanted, int):
            return key, wanted
    return None, 0


def _is_ours(kind: Any) -> bool:
    """Whether a class, or what a name stands for, is one of this package: others may do anything."""
    cls = MODELS.get(kind) if isinstance(kind, str) else kind
    return str(getattr(cls, "__module__", "")).startswith("mmpretrain.")


def _place(node: Any, key: str, otherwise: str) -> str:
    source = getattr(node, "source", None)
    place = source(key) if callable(source) and key in node else None
    return otherwise if place is None else str(place)
