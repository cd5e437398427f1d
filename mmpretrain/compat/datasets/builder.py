"""Building data sets under the names of 0.x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpretrain.registry import DATA_SAMPLERS as SAMPLERS
from mmpretrain.registry import DATASETS
from mmpretrain.registry import TRANSFORMS as PIPELINES

__all__ = ["DATASETS", "PIPELINES", "SAMPLERS", "build_dataset"]


def build_dataset(cfg: Any, default_args: Mapping[str, Any] | None = None) -> Any:
    """Build a data set from its config; a list of configs gives them one after the other."""
    if isinstance(cfg, (list, tuple)):
        parts = [build_dataset(item, default_args) for item in cfg]
        return DATASETS.build({"type": "ConcatDataset", "datasets": parts})
    return DATASETS.build(cfg, default_args=default_args)
