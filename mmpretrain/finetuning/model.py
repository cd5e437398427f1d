"""Giving a model the head and the loss that the data need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.datasets.labelled import Task
from mmpretrain.datasets.preflight import find_classifier
from mmpretrain.errors import ConfigError, MMPretrainError
from mmpretrain.finetuning.defaults import LABEL_SMOOTHING, Family
from mmpretrain.finetuning.libraries import LIBRARIES
from mmpretrain.finetuning.start import Start
from mmpretrain.registry import MODELS
from mmpretrain.utils.seeding import preserved_rng

#: Classifiers of other libraries -> the argument that is the number of classes, and others that it needs.
ARGUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "TimmClassifier": ("num_classes", {}),
    "HuggingFaceClassifier": ("num_labels", {"ignore_mismatched_sizes": True}),
}
#: The head for each task, where the model's own does not fit.
HEADS: dict[Task, str] = {
    "single": "LinearClsHead",
    "multi": "MultiLabelLinearClsHead",
    "ordinal": "OrdinalClsHead",
    "regression": "RegressionHead",
}
_MEANT = {"multi": "several labels an image", "ordinal": "classes with an order", "regression": "numbers"}
#: Parameters of such a classifier that are not those of its last layer.
_NOT_THE_HEAD = r"^model\.(?!(.*\.)?(head|fc|classifier|last_linear)\.)"


@dataclass(frozen=True)
class Seen:
    """What building a model, and running it once, tells.

    Attributes:
        family: The kind of network.
        layered: Whether its parameters have a depth, so that learning rates can decay by layer.
        channels: Number of features of an image in front of the head; None if they are no vector.
        maps: Whether the backbone puts out maps (B, C, H, W), and there is no neck.
        works: Whether it takes images of the size that was tried.
    """

    family: Family
    layered: bool
    channels: int | None
    maps: bool
    works: bool


def look_at(start: Start, size: int) -> Seen:
    """Build the model of a start, with random weights, and run it on an image of that size.

    Raises:
        ConfigError: If the model cannot be built.
    """
    cfg = deepcopy(start.model)
    if cfg["type"] in LIBRARIES:
        return _look_at_classifier({**cfg, "pretrained": False}, size, input_channels(start))
    with preserved_rng():
        model = MODELS.build(cfg).eval()
    backbone = getattr(model, "backbone", None)
    if backbone is None:
        raise ConfigError(f"{cfg['type']} has no backbone that could be fine-tuned", where=start.name)
    family = _family(backbone)
    groups = getattr(backbone, "layer_groups", list)()
    layered = len(groups) > 2
    try:
        with torch.inference_mode():
            features = backbone(torch.zeros(1, input_channels(start), size, size))
            maps = getattr(model, "neck", None) is None and _last(features).ndim == 4
            if getattr(model, "neck", None) is not None:
                features = model.neck(features)
    except (RuntimeError, ValueError, MMPretrainError, AssertionError):
        return Seen(family, layered, None, False, False)
    last = _last(features)
    return Seen(family, layered, int(last.shape[1]) if last.ndim in (2, 4) else None, maps, True)


def _look_at_classifier(cfg: dict[str, Any], size: int, channels: int) -> Seen:
    """The same for a classifier of another library."""
    with preserved_rng():
        model: Any = MODELS.build(cfg).eval()
    try:
        with torch.inference_mode():
            model(torch.zeros(1, channels, size, size))
    except (RuntimeError, ValueError, AssertionError):
        return Seen(_family(model), False, None, False, False)
    return Seen(_family(model), False, None, False, True)


def _family(model: nn.Module) -> Family:
    attends = any("Attention" in type(module).__name__ for module in model.modules())
    return "transformer" if attends else "cnn"


def input_channels(start: Start) -> int:
    """Return how many channels the model takes: as many as there are means."""
    return len(start.preprocessor.get("mean") or (0, 0, 0))


def _last(features: Any) -> Tensor:
    while isinstance(features, (tuple, list)):
        features = features[-1]
    return features


def fit_model(
    start: Start,
    seen: Seen,
    num_classes: int,
    task: Task,
    *,
    freeze: int | Literal["backbone"] = -1,
    weights: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return the config of the model with a head and a loss for the data.

    Args:
        start: Where it starts from.
        seen: What :func:`look_at` told.
        num_classes: Number of classes.
        task: What is learned.
        freeze: Stages to freeze; -1 for none, ``'backbone'`` for all.
        weights: A weight for each class: of its samples, or with several labels of its positive part.

    Raises:
        ConfigError: If the model cannot do the task, or be frozen so.
    """
    model = deepcopy(start.model)
    if model["type"] in LIBRARIES:
        return _of_library(model, num_classes, task, freeze, weights)
    _forget_weights(model)
    backbone = model["backbone"]
    if freeze == "backbone":
        backbone["freeze"] = "."
    elif freeze >= 0:
        backbone["frozen_stages"] = freeze
    loss = _loss(task, weights)
    classifier = _kept_classifier(model, task)
    if classifier is not None:
        classifier["num_classes"] = num_classes
        model["head"].update(loss=loss, topk=(1,))
        model["head"].pop("cal_acc", None)
        return model
    if seen.channels is None:
        raise ConfigError(
            f"{start.name} puts out no vector of features that a head could take",
            where="MODEL",
            hint="Choose another model.",
        )
    if seen.maps:
        model["neck"] = {"type": "GlobalAveragePooling"}
    head = {"type": HEADS[task], "in_channels": seen.channels}
    if task != "regression":
        head["num_classes"] = num_classes
    model["head"] = {**head, "loss": loss} if task in ("single", "multi") else head
    return model


def classifies_in_backbone(model: Mapping[str, Any], task: Task) -> bool:
    """Whether the backbone itself classifies, as that of VGG does, and the head has no weights."""
    return "backbone" in model and _kept_classifier(model, task) is model["backbone"]


def _kept_classifier(model: Mapping[str, Any], task: Task) -> Any:
    """The part of a model that classifies, if it can stay what it is; None if a new head is needed."""
    return find_classifier(model) if task == "single" and _classifies(model.get("head")) else None


def _classifies(head: Any) -> bool:
    """Whether a config is that of a head for one label that takes any loss."""
    kind = head.get("type") if isinstance(head, Mapping) else None
    found = MODELS.get(kind) if isinstance(kind, str) and MODELS.declares(kind) else kind
    base = MODELS.get("ClsHead")
    return isinstance(found, type) and base is not None and issubclass(found, base)


def _loss(task: str, weights: Sequence[float] | None) -> dict[str, Any]:
    if task == "multi":
        extra = {} if weights is None else {"pos_weight": list(weights)}
        return {"type": "CrossEntropyLoss", "use_sigmoid": True, **extra}
    extra = {} if weights is None else {"class_weight": list(weights)}
    return {"type": "LabelSmoothLoss", "label_smooth_val": LABEL_SMOOTHING, "mode": "original", **extra}


def _forget_weights(node: Any) -> None:
    """Drop what would load other weights into parts of the model."""
    if isinstance(node, dict):
        init = node.get("init_cfg")
        if isinstance(init, Mapping) and init.get("type") == "Pretrained":
            node.pop("init_cfg")
        for item in node.values():
            _forget_weights(item)
    elif isinstance(node, (list, tuple)):
        for item in node:
            _forget_weights(item)


def _of_library(
    model: dict[str, Any], num_classes: int, task: str, freeze: int | str, weights: Sequence[float] | None
) -> dict[str, Any]:
    kind = model["type"]
    if task != "single":
        raise ConfigError(
            f"{_MEANT[task]} need a model of the zoo, not a {kind}", where="--task",
            hint="`mmpretrain list` shows the models of the zoo.",
        )  # fmt: skip
    if freeze not in (-1, "backbone"):
        raise ConfigError(
            f"the stages of a {kind} have no numbers", where="--freeze", hint="Say all or none."
        )
    argument, more = ARGUMENTS[kind]
    frozen = {"freeze": _NOT_THE_HEAD} if freeze == "backbone" else {}
    return {**model, argument: num_classes, **more, **frozen, "loss": _loss(task, weights)}
