"""From a config to what its model costs, without computing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from mmpretrain.analysis.by_layers import count_layers
from mmpretrain.analysis.complexity import Cost, count
from mmpretrain.analysis.deploy import switch_to_deploy
from mmpretrain.config.wrapped import innermost
from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS
from mmpretrain.utils.brief import brief_text

if TYPE_CHECKING:
    from mmpretrain.config import Config

#: What counts: every product, or layers only, as in MMClassification 0.x.
Convention = Literal["all", "layers"]
_COUNTS: dict[str, Callable[..., dict[str, Cost]]] = {"all": count, "layers": count_layers}

#: The usual size, where a config does not say.
SIDE = 224
#: Sizes of data sets whose images need no resizing.
SIDES = {"CIFAR10": 32, "CIFAR100": 32, "MNIST": 28, "FashionMNIST": 28, "Digits": 28}


@dataclass(frozen=True)
class ModelCost:
    """What the model of a config costs.

    Attributes:
        model: Name of its class.
        input_shape: ``(C, H, W)`` of the image.
        costs: Cost by module name; that of the whole under ``""``.
    """

    model: str
    input_shape: tuple[int, int, int]
    costs: dict[str, Cost]

    @property
    def total(self) -> Cost:
        """The cost of the whole model."""
        return self.costs[""]


def measure(
    cfg: Config, shape: Sequence[int] = (), *, deploy: bool = False, convention: Convention = "all"
) -> ModelCost:
    """Count what the model of a config costs for one image.

    Args:
        cfg: The config.
        shape: Side, or height and width, or channels, height and width; by default those that the config's
            test pipeline gives.
        deploy: Count the form for deployment, where the model has one.
        convention: What counts: see :mod:`.complexity` and :mod:`.by_layers`.

    Raises:
        ConfigError: If the model does not run on one image of that shape.
    """
    if not isinstance(cfg.get("model"), Mapping):
        raise ConfigError("the config names no model", where=cfg.filename)
    channels, height, width = full_shape(cfg, shape)
    try:
        with torch.device("meta"):  # takes neither memory nor time
            costs, name = _count(cfg, (channels, height, width), deploy, convention)
    except Exception:  # some layers need real tensors; other errors are raised again below
        try:
            costs, name = _count(cfg, (channels, height, width), deploy, convention)
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(
                f"the model does not run on one image of {channels} x {height} x {width} "
                f"({brief_text(' '.join(str(error).split()), 200)})",
                where=cfg.filename,
                hint="Give the shape that it is made for: --shape H W, or --shape C H W.",
            ) from error
    return ModelCost(name, (channels, height, width), costs)


def _count(
    cfg: Config, shape: tuple[int, int, int], deploy: bool, convention: Convention
) -> tuple[dict[str, Cost], str]:
    settings = dict(cfg.model)
    if "tokenizer_path" in (settings.get("target_generator") or {}):
        settings["target_generator"] = nn.Identity()  # it would download weights, and only training needs it
    if cfg.get("data_preprocessor") is not None:
        settings.setdefault("data_preprocessor", cfg.data_preprocessor)
    model = MODELS.build(settings).eval()
    if deploy:
        switch_to_deploy(model)
    image = torch.zeros(1, *shape)
    return _COUNTS[convention](model, lambda: _entry(model)(image)), type(model).__name__


def _entry(model: nn.Module) -> Callable[[torch.Tensor], Any]:
    """Return what takes one image: the classifier, or of other models the part that extracts features.

    Raises:
        ConfigError: If the model needs more than one image.
    """
    if getattr(model, "with_head", False):
        return model
    extract: Any = getattr(model, "extract_feat", None)
    if extract is None:
        raise ConfigError(
            f"{type(model).__name__} needs more than one image: its cost depends on the text",
            hint="Count its image backbone: a config with it as the backbone of an ImageClassifier.",
        )
    return extract


def full_shape(cfg: Config, shape: Sequence[int] = ()) -> tuple[int, int, int]:
    """Return channels, height and width of the images that a model is to be counted on.

    Raises:
        ConfigError: If a shape has more than three numbers, or one that is not positive.
    """
    if len(shape) > 3 or any(number < 1 for number in shape):
        raise ConfigError(
            f"--shape takes a side, H W, or C H W, got {' '.join(map(str, shape))}", key="shape"
        )
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if not shape:
        shape = own_size(cfg)
    return _channels(cfg), shape[0], shape[-1]


def _channels(cfg: Config) -> int:
    backbone = cfg.model.get("backbone") or {}
    if isinstance(backbone.get("in_channels"), int) and backbone["in_channels"] > 0:
        return backbone["in_channels"]
    settings = cfg.get("data_preprocessor") or cfg.model.get("data_preprocessor") or {}
    mean = settings.get("mean")
    if isinstance(mean, (list, tuple)) and mean:
        return len(mean)
    return 1 if str(backbone.get("type")).endswith("LeNet5") else 3


def own_size(cfg: Config) -> tuple[int, int]:
    """Return height and width of the images that the test pipeline of a config gives, else the usual size."""
    loader = next(filter(None, (cfg.get(f"{split}_dataloader") for split in ("test", "val", "train"))), None)
    dataset = innermost((loader or {}).get("dataset") or {})
    for step in reversed(dataset.get("pipeline") or ()):
        size: Any = next((step[key] for key in ("crop_size", "scale", "size") if step.get(key)), None)
        if isinstance(size, int):
            return size, size
        if (
            isinstance(size, (list, tuple))
            and len(size) == 2
            and all(isinstance(n, int) and n > 0 for n in size)
        ):
            # Only random crops have the height first.
            height_first = str(step.get("type")).endswith("RandomCrop")
            return (size[0], size[1]) if height_first else (size[1], size[0])
    img_size = (cfg.model.get("backbone") or {}).get("img_size")
    if isinstance(img_size, int):
        return img_size, img_size
    side = SIDES.get(str(dataset.get("type")).rpartition(".")[2], SIDE)
    return side, side
