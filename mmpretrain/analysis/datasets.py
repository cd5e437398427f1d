"""The data sets of a config, for commands that only look at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from mmpretrain.config.wrapped import innermost
from mmpretrain.errors import ConfigError, MMPretrainError
from mmpretrain.registry import DATASETS

if TYPE_CHECKING:
    from mmpretrain.config import Config

Phase = Literal["train", "val", "test"]


def loader_of(cfg: Config, phase: Phase) -> Any:
    """Return the config of a data loader; validation stands in for a test that the config lacks.

    Raises:
        ConfigError: If there is none.
    """
    loader = cfg.get(f"{phase}_dataloader") or (cfg.get("val_dataloader") if phase == "test" else None)
    if not loader or not loader.get("dataset"):
        raise ConfigError(
            f"the config has no {phase}_dataloader", where=cfg.filename, key=f"{phase}_dataloader"
        )
    return loader


def build_dataset(cfg: Config, phase: Phase = "test") -> Any:
    """Build the data set of a phase, ready to give samples."""
    dataset = DATASETS.build(loader_of(cfg, phase)["dataset"])
    if hasattr(dataset, "full_init"):
        dataset.full_init()
    return dataset


def class_names(cfg: Config, phase: Phase = "test") -> Sequence[str] | None:
    """Return the class names of the data of a phase; of data that are not here, those that their type has."""
    try:
        meta = getattr(build_dataset(cfg, phase), "metainfo", None) or {}
    except (MMPretrainError, OSError):
        node = innermost(loader_of(cfg, phase)["dataset"])
        meta = {
            **getattr(DATASETS.get(str(node.get("type"))), "METAINFO", {}),
            **(node.get("metainfo") or {}),
        }
    classes = meta.get("classes")
    return [str(name) for name in classes] if isinstance(classes, (list, tuple)) and classes else None
