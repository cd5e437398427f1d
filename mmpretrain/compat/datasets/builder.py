"""Building data sets under the names of 0.x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain.compat.evaluation.results import let_evaluate
from mmpretrain.compat.v0 import rewrite
from mmpretrain.config import Config
from mmpretrain.registry import DATA_SAMPLERS as SAMPLERS
from mmpretrain.registry import DATASETS
from mmpretrain.registry import TRANSFORMS as PIPELINES

__all__ = ["DATASETS", "PIPELINES", "SAMPLERS", "build_dataset"]


def build_dataset(cfg: Any, default_args: Mapping[str, Any] | None = None) -> Any:
    """Build a data set from its config; a list of configs gives them one after the other."""
    let_evaluate()
    if isinstance(cfg, (list, tuple)):
        parts = [build_dataset(item, default_args) for item in cfg]
        return DATASETS.build({"type": "ConcatDataset", "datasets": parts})
    return DATASETS.build(_modern(cfg), default_args=default_args)


def _modern(cfg: Any) -> Any:
    """Return the config of a data set with the transforms of today; ``Collect`` ends the pipelines of 0.x."""
    steps = cfg.get("pipeline") if isinstance(cfg, Mapping) else None
    if not any(isinstance(step, Mapping) and step.get("type") == "Collect" for step in steps or ()):
        return cfg
    whole = Config({"data": {"train": cfg}})
    rewrite(whole)
    return whole.train_dataloader.dataset
