"""Normalisation of the targets of regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class NormalizeTargetsHook(Hook):
    """Gives a ``RegressionHead`` the mean and the standard deviation of the training targets.

    They are part of the head's state, so a checkpoint predicts in the unit of the targets. A value that is
    the same for all samples keeps the deviation 1.
    """

    def before_train(self, runner: Session) -> None:
        normalize_targets(unwrap(runner.model), runner.train_dataloader.dataset)


def normalize_targets(model: Any, dataset: Any) -> None:
    """Give the head of a model the mean and the standard deviation of the targets of a data set.

    Raises:
        ConfigError: If the model has no ``RegressionHead``.
    """
    head: Any = getattr(model, "head", None)
    if not hasattr(head, "set_target_statistics"):
        raise ConfigError(f"NormalizeTargetsHook needs a RegressionHead, got {type(head).__name__}")
    values = target_values(dataset)
    std = values.std(0)
    head.set_target_statistics(values.mean(0), np.where(std > 0, std, 1.0))


def target_values(dataset: Any) -> np.ndarray:
    """Return the values to learn of all samples, (N, D) float64.

    Raises:
        DataError: If a sample has none, or they differ in number.
    """
    rows = []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if "gt_value" not in info:
            raise DataError("the sample has no value to learn (gt_value)", where=info.get("img_path"))
        rows.append(np.atleast_1d(np.asarray(info["gt_value"], np.float64)))
        if len(rows[-1]) != len(rows[0]):
            raise DataError(
                f"the sample has {len(rows[-1])} values, the first one {len(rows[0])}",
                where=info.get("img_path"),
            )
    if not rows:
        raise DataError("there is no sample to take the mean of the targets of")
    return np.stack(rows)
