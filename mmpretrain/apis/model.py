"""Opening a model by its config, checkpoint or name."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain import checkpoints
from mmpretrain.apis.placement import place
from mmpretrain.checkpoints import zoo
from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.checkpoints.meta import dataset_meta, meta_of
from mmpretrain.config.config import Config
from mmpretrain.config.embedded import read_embedded
from mmpretrain.config.wrapped import innermost
from mmpretrain.config.zoo import find_config, zoo_configs
from mmpretrain.errors import CheckpointError, ConfigError, NotRegisteredError
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.uncertainty.stored import KEY, find_calibration

if TYPE_CHECKING:
    from mmpretrain.models.base import BaseModel

logger = logging.getLogger(__name__)

#: A model of so many outputs, whose classes have no names, has those of ImageNet, as in 1.x.
IMAGENET_CLASSES = 1000

CONFIG_SUFFIXES = (".py", ".yaml", ".yml", ".json")


def init_model(
    config: str | os.PathLike[str] | Config,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    *,
    cfg_options: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    device_map: str | Mapping[str, Any] | None = None,
    offload_folder: str | os.PathLike[str] | None = None,
    features: bool = False,
    **kwargs: Any,
) -> BaseModel:
    """Build a model in eval mode, with the weights of a checkpoint.

    Args:
        config: A config, its file, or the name of a config of the zoo.
        checkpoint: Weights to load: a path, an address, the folder of a run, or a name of the zoo.
        device: Where to put the model; by default an accelerator if there is one.
        cfg_options: Changes to the config, such as ``{'model.head.topk': (1,)}``.
        options: The same under the name of 0.x.
        device_map: How to spread the model over devices, see :func:`mmpretrain.apis.placement.place`.
        offload_folder: Where parts that it puts on disk are kept.
        features: The model will only extract features: leave out its target generator, which may need files
            that are elsewhere.
        **kwargs: Changes to ``config.model``, such as ``head=dict(num_classes=10)``.

    Returns:
        The model. ``model._config`` is the config, ``model._dataset_meta`` the metadata of the data it was
        trained on (with ``classes``), if the checkpoint has it.
    """
    for name, changes in (("options", options), ("cfg_options", cfg_options)):
        if changes is not None and not isinstance(changes, Mapping):
            raise ConfigError(f"{name} must be a dict, got {changes!r}", key=name)
    changes = {**(options or {}), **(cfg_options or {})}
    if kwargs:
        changes["model"] = {**changes.get("model", {}), **kwargs}
    content, source = None, ""
    if checkpoint is not None:
        found = checkpoints.find(checkpoint)
        content, source = checkpoints.read(found), found.name
    model = _build(config, content, source=source, changes=changes, features=features)
    return place(model, device, device_map, offload_folder)


def _build(
    config: str | os.PathLike[str] | Config,
    content: dict[str, Any] | None,
    *,
    source: str,
    changes: Mapping[str, Any] | None = None,
    features: bool = False,
) -> BaseModel:
    """Build a model on the processor, and fill it from a checkpoint that has been read."""
    cfg = (config if isinstance(config, Config) else Config.fromfile(_config_file(config))).modern().copy()
    if changes:
        cfg.merge_from_dict(dict(changes))
    if not isinstance(cfg.get("model"), Mapping):
        raise ConfigError("the config names no model", where=cfg.filename or source or None)
    settings = dict(cfg.model)
    # Weights that a checkpoint overwrites need not be fetched first.
    if content is not None:
        settings.pop("pretrained", None)
        settings.pop("init_cfg", None)
    if features and settings.get("target_generator") is not None:
        settings["target_generator"] = torch.nn.Identity()
    if cfg.get("data_preprocessor") is not None:
        settings.setdefault("data_preprocessor", cfg.data_preprocessor)
    model = MODELS.build(settings)
    if content is not None:
        report = load_into(model, weights_of(content), source=source)
        logger.info("%s: %s", source, report.summary())
    meta = dataset_meta(content or {})
    if not (meta or {}).get("classes"):
        meta = {**(meta or {}), **_meta_of_config(cfg, model)} or None
    model._config = cfg
    model._dataset_meta = meta
    found = weights_of(content) if content is not None and KEY in meta_of(content) else None
    model._calibration = None if found is None else find_calibration(meta_of(content or {}), found, source)
    model._weights_missing = content is None and not is_initialised(cfg.model)
    return model.eval()


def is_initialised(model: Mapping[str, Any]) -> bool:
    """Whether a model config names weights of its own: one to start from, or a model of another library."""
    for key, value in model.items():
        if key in ("checkpoint", "pretrained") and value:
            return True
        inner = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(item, Mapping) and is_initialised(item) for item in inner):
            return True
    return False


def _meta_of_config(cfg: Config, model: BaseModel) -> dict[str, Any]:
    """The class names of the data that a config tests on, or those of ImageNet, if the number is right."""
    wanted = getattr(getattr(model, "head", None), "num_classes", None)
    dataset = innermost((cfg.get("test_dataloader") or {}).get("dataset") or {})
    kind = dataset.get("type")
    classes: Sequence[str] = ()
    if isinstance(kind, str) and DATASETS.declares(kind):
        classes = getattr(DATASETS.get(kind), "METAINFO", {}).get("classes", ())
    if len(classes) != wanted and wanted == IMAGENET_CLASSES:
        classes = getattr(DATASETS.get("ImageNet"), "METAINFO", {}).get("classes", ())
    return {"classes": tuple(classes)} if classes and len(classes) == wanted else {}


def _config_file(name: str | os.PathLike[str]) -> Path:
    """The config that a path, the name of a config or that of a model of the zoo stands for."""
    text = os.fspath(name)
    named = not Path(text).expanduser().exists() and zoo.has_model(text)
    return zoo.find_model(text).config if named else find_config(name)


def get_model(
    model: str | os.PathLike[str] | Config,
    pretrained: bool | str | os.PathLike[str] = False,
    device: str | torch.device | None = "cpu",
    device_map: str | Mapping[str, Any] | None = None,
    offload_folder: str | os.PathLike[str] | None = None,
    url_mapping: tuple[str, str] | None = None,
    **kwargs: Any,
) -> BaseModel:
    """Build a model of the zoo.

    Args:
        model: A name of the zoo (:func:`~mmpretrain.list_models`), a config file or a config.
        pretrained: True for the published weights, False for none, or a checkpoint: a path, an address, the
            folder of a run.
        device: Where to put the model.
        device_map: How to spread it over devices, see :func:`mmpretrain.apis.placement.place`.
        offload_folder: Where parts that it puts on disk are kept.
        url_mapping: A regular expression and what to put in its place in the address of published weights,
            such as ``('https://.*/', './weights/')``.
        **kwargs: Changes to its config, such as ``head=dict(num_classes=10)``.

    Returns:
        The model in eval mode.

    Raises:
        ConfigError: If there is no such model, if a component of it is not implemented yet, or if
            ``pretrained=True`` and no weights were published.

    Example:
        >>> model = get_model('resnet50_8xb32_in1k', head=dict(num_classes=10))
    """
    info = None
    if isinstance(model, str) and not model.endswith(CONFIG_SUFFIXES):
        info = None if model in zoo_configs() and not zoo.has_model(model) else zoo.find_model(model)
    config = info.config if info is not None else model
    checkpoint = None if isinstance(pretrained, bool) else pretrained
    if pretrained is True:
        if info is None or info.weights is None:
            raise ConfigError(
                f"no weights were published for {model!r}" if info else "only models of the zoo have weights",
                hint="Name a checkpoint: pretrained='path/to/weights.pth'.",
            )
        checkpoint = info.weights
    if url_mapping is not None and checkpoint is not None:
        checkpoint = _mapped(os.fspath(checkpoint), url_mapping)
    kwargs |= {"device_map": device_map, "offload_folder": offload_folder}
    try:
        return init_model(config, checkpoint, device, **kwargs)
    except NotRegisteredError as error:
        if info is None:
            raise
        raise ConfigError(
            f"{info.name} cannot be built: {error.message}", where=error.where, hint=error.hint
        ) from error


def _mapped(address: str, mapping: tuple[str, str]) -> str:
    try:
        pattern, replacement = mapping
        return re.sub(pattern, replacement, address)
    except (re.error, IndexError, TypeError, ValueError) as error:
        raise ConfigError(
            f"url_mapping is a regular expression and its replacement, got {mapping!r} ({error})",
            key="url_mapping",
        ) from error


def open_model(
    source: str | os.PathLike[str],
    checkpoint: bool | str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    *,
    trust: bool = False,
    changes: Mapping[str, Any] | None = None,
    device_map: str | Mapping[str, Any] | None = None,
    offload_folder: str | os.PathLike[str] | None = None,
    features: bool = False,
) -> BaseModel:
    """Build a model from whatever names it.

    Args:
        source: A checkpoint of a training run (its config is inside): a path or an address; the folder of a
            run (its best or last checkpoint is taken); a name of the zoo (its published weights are loaded);
            or a config file.
        checkpoint: Weights, where ``source`` is a config or a name; False for a model without any, True and
            None for those that belong to ``source``.
        device: Where to put the model.
        trust: Run the config inside of a checkpoint as the Python file that it is; otherwise it is data, and
            names registered classes only.
        changes: Changes to ``config.model``, such as ``{'backbone': {'out_indices': (0, 1)}}``.
        device_map: How to spread the model over devices, see :func:`mmpretrain.apis.placement.place`.
        offload_folder: Where parts that it puts on disk are kept.
        features: The model will only extract features, see :func:`init_model`.

    Raises:
        MissingFileError: If there is no such thing.
        CheckpointError: If a checkpoint has no config inside and none is given.
        ConfigError: If there are no weights: a model with random ones would answer all the same.
    """
    text = os.fspath(source)
    further: dict[str, Any] = {"device_map": device_map, "offload_folder": offload_folder}
    further |= {"features": features, **(changes or {})}
    if not isinstance(checkpoint, bool) and checkpoint is not None:
        return init_model(source, checkpoint, device, **further)
    named = not Path(text).expanduser().exists()
    if text.endswith(CONFIG_SUFFIXES) or (named and text in zoo_configs() and not zoo.has_model(text)):
        config = find_config(text)
        if checkpoint is False:
            return init_model(config, None, device, **further)
        raise ConfigError(
            f"{str(config)!r} says how a model is built, but has no weights",
            hint="Name the weights too: --checkpoint CKPT, or pretrained='CKPT' in Python.",
        )
    if named and zoo.has_model(text):
        return get_model(text, pretrained=checkpoint is not False, device=device, **further)
    found = checkpoints.find(text)
    if found.why:
        logger.info("%s: taking %s (%s)", text, found.path, found.why)
    content = checkpoints.read(found)
    meta = meta_of(content)
    cfg = meta.get("cfg") or meta.get("config")  # as 0.x calls it
    if not isinstance(cfg, (str, Mapping)):
        raise CheckpointError(
            f"{found.name} does not hold the config that it was trained with",
            hint=f"Name the config as the model, and this as the checkpoint: --checkpoint {found.name}",
        )
    weights = None if checkpoint is False else content
    config = read_embedded(cfg, found.name, trust=trust)
    model_changes = {"model": dict(changes)} if changes else None
    model = _build(config, weights, source=found.name, changes=model_changes, features=features)
    return place(model, device, device_map, offload_folder)
