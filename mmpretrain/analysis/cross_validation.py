"""Cross-validation: the config of each fold, and the results of all."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmpretrain.config.wrapped import innermost
from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.config import Config


def fold_config(
    cfg: Config,
    fold: int,
    num_splits: int,
    *,
    seed: int = 0,
    stratified: bool = True,
    group_by: str | None = None,
) -> Config:
    """Return the config that trains on all parts of the training data but one, and validates on that.

    Args:
        cfg: The config; it is not changed.
        fold: The part to validate on, from 0.
        num_splits: The number of parts.
        seed: Seed of the shuffle; the same for all folds.
        stratified: Give every part the same share of each class.
        group_by: A key of the records: samples that agree in it stay together.

    Raises:
        ConfigError: If the config has no training or validation, or no such fold.
    """
    if num_splits < 2 or not 0 <= fold < num_splits:
        raise ConfigError(f"fold {fold} of {num_splits} does not exist: they are numbered from 0")
    for name in ("train_dataloader", "val_dataloader", "val_evaluator"):
        if cfg.get(name) is None:
            raise ConfigError(f"cross-validation needs {name}", where=cfg.filename, key=name)
    result = copy.deepcopy(cfg)
    whole = result.train_dataloader.dataset
    options: dict[str, Any] = {"fold": fold, "num_splits": num_splits, "seed": seed, "stratified": stratified}
    if group_by is not None:
        options["group_by"] = group_by
    held_out = copy.deepcopy(whole)
    innermost(held_out)["pipeline"] = copy.deepcopy(innermost(result.val_dataloader.dataset)["pipeline"])
    result.train_dataloader.dataset = {"type": "KFoldDataset", "dataset": whole, **options}
    result.val_dataloader.dataset = {
        "type": "KFoldDataset",
        "dataset": held_out,
        "test_mode": True,
        **options,
    }
    result.test_dataloader = result.test_cfg = result.test_evaluator = None
    return result


def summary(results: Sequence[dict[str, float]]) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation (of a sample) of each metric that all folds have.

    Args:
        results: The metrics of each fold.
    """
    shared = [name for name in results[0] if all(name in values for values in results)] if results else []
    found = {}
    for name in shared:
        values = [float(item[name]) for item in results]
        mean = sum(values) / len(values)
        spread = sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)
        found[name] = (mean, math.sqrt(spread))
    return found
