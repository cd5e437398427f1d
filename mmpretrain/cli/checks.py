"""Checks before a run starts, so that mistakes cost seconds and not an epoch."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmpretrain.config import Config
    from mmpretrain.datasets.preflight_problem import Problem

logger = logging.getLogger(__name__)


def check_before_start(cfg: Config, splits: Sequence[str]) -> None:
    """Check the config, then the data; the first process does it for all of them.

    Raises:
        ConfigError: With everything that is wrong in the config.
        DataError: With everything that is wrong in the data.
    """
    from mmpretrain.config.validate import remarks, require_valid
    from mmpretrain.datasets.preflight import enforce, preflight
    from mmpretrain.datasets.preflight_batches import epoch_length

    rank = os.environ.get("RANK", "0")
    if rank.isdecimal() and int(rank) != 0:
        return
    require_valid(cfg, splits=splits)
    built: dict[str, Any] = {}
    problems = preflight(cfg, splits=splits, built=built)
    problems += _against_checkpoint(cfg, built)
    if "train" in splits:
        size = len(built["train"]) if "train" in built else None
        iterations = None if size is None else epoch_length(cfg["train_dataloader"], size)
        for remark in remarks(cfg, iterations):
            logger.warning("%s", remark)
    enforce(problems)


def _against_checkpoint(cfg: Config, built: dict[str, Any]) -> list[Problem]:
    """Compare classes with those of the checkpoint that is tested or resumed; fine-tuning may change them."""
    from mmpretrain.cli.stored_classes import check_stored_classes, stored_classes

    split = "test" if "test" in built else "train" if cfg.get("resume") else None
    if split not in built or not cfg.get("load_from"):
        return []
    stored = stored_classes(cfg["load_from"])
    return [] if stored is None else list(check_stored_classes(cfg, split, built[split], stored))
