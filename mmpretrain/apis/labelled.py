"""Labelled images, prepared as the test pipeline of a model's config does."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.apis.prepare import split_pipeline
from mmpretrain.config.wrapped import innermost
from mmpretrain.engine.runner.classes import compare
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.errors import ConfigError, DataError

if TYPE_CHECKING:
    from mmpretrain.config import Config

logger = logging.getLogger(__name__)


def evaluation_settings(config: Config) -> dict[str, Any]:
    """Return the data loader for validation in a config, or else that for test.

    Raises:
        ConfigError: If it has neither.
    """
    loader = config.get("val_dataloader") or config.get("test_dataloader")
    if not loader:
        raise ConfigError(
            "the config has neither val_dataloader nor test_dataloader, whose pipeline prepares images",
            where=config.filename,
        )
    return loader


def labelled_loader(
    source: Config | torch.nn.Module,
    dataset: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
) -> Any:
    """Build a loader that gives each image once, in order, prepared for a model.

    Args:
        source: The model, from ``get_model``, ``init_model`` or ``open_model``; or its config.
        dataset: The data set; by default that for validation in the config.
        batch_size: Images in a batch; by default the config's.
        workers: Number of data workers; by default the config's.

    Raises:
        ConfigError: If the model was built without a config.
    """
    config: Any = getattr(source, "_config", None) if isinstance(source, torch.nn.Module) else source
    if config is None:
        raise ConfigError(
            f"this {type(source).__name__} does not know its config, which says how images are prepared",
            hint="Load it with get_model, init_model or open_model, or give its config.",
        )
    settings = evaluation_settings(config)
    chosen = settings["dataset"]
    if dataset is not None:
        loading, steps = split_pipeline(config, innermost(chosen)["pipeline"])
        chosen = {**dataset}
        innermost(chosen)["pipeline"] = [loading, *steps]
    count = settings.get("num_workers", 2) if workers is None else workers
    return build_dataloader(
        {
            "dataset": chosen,
            "batch_size": batch_size or settings.get("batch_size") or 32,
            "num_workers": count,
            "sampler": {"type": "DefaultSampler", "shuffle": False, "round_up": False},
            "collate_fn": {"type": "default_collate"},
        }
    )


def label_map(dataset: Any, stored: Sequence[str] | None) -> torch.Tensor | None:
    """Return the label of the model for each label of a data set, where their class names say so.

    Args:
        dataset: The data set.
        stored: The class names of the model.

    Returns:
        (classes of the data set,); None if the labels are those of the model.

    Raises:
        DataError: If the data have classes that the model does not know.
    """
    names = [str(name) for name in (getattr(dataset, "metainfo", None) or {}).get("classes") or ()]
    found = compare(names, [str(name) for name in stored or ()], "the data")
    if found is None or stored is None:
        return None
    wrong, sentence = found
    if not wrong:
        logger.warning(sentence)
        return None
    known = {str(name): label for label, name in enumerate(stored)}
    if not set(names) <= set(known):
        raise DataError(sentence, hint="Give each class folder the name of its class in the checkpoint.")
    return torch.tensor([known[name] for name in names])
