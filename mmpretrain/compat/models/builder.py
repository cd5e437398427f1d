"""The registry by the names that it had for each kind of model, as 0.x and 1.x exported them."""

from __future__ import annotations

from typing import Any

from mmpretrain.registry import MODELS

BACKBONES = NECKS = HEADS = LOSSES = CLASSIFIERS = RETRIEVER = ATTENTION = MODELS


def build(cfg: Any) -> Any:
    """Build a model, or a part of one, from its config.

    Raises:
        NotRegisteredError: If nothing has the name that ``cfg`` gives as ``type``.
        ArgumentError: If it does not take one of the arguments.
    """
    return MODELS.build(cfg)


build_backbone = build_neck = build_head = build_loss = build_classifier = build_retriever = build
