"""Margins for classes of different frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class SetAdaptiveMarginsHook(Hook):
    r"""Gives rare classes a greater margin in an ArcFace head (https://arxiv.org/abs/2010.05350).

    With :math:`f_i` the number of samples of a class, its margin is :math:`f_i^p`, mapped to the range
    from ``margin_min`` to ``margin_max``.

    Args:
        margin_min: The smallest margin.
        margin_max: The greatest margin.
        power: The power p, negative.
    """

    def __init__(self, margin_min: float = 0.05, margin_max: float = 0.5, power: float = -0.25) -> None:
        self.margin_min = margin_min
        self.margin_max = margin_max
        self.power = power

    def before_train(self, runner: Session) -> None:
        head: Any = getattr(unwrap(runner.model), "head", None)
        if not hasattr(head, "set_margins"):
            raise ConfigError(f"SetAdaptiveMarginsHook needs an ArcFaceClsHead, got {type(head).__name__}")
        counts = np.bincount(runner.train_dataloader.dataset.get_gt_labels(), minlength=head.num_classes)
        if len(counts) != head.num_classes:
            raise ConfigError(
                f"The head has num_classes={head.num_classes}, but there are labels up to {len(counts) - 1}"
            )
        weights = np.maximum(counts, 1) ** float(self.power)
        spread = weights.max() - weights.min()
        relative = (weights - weights.min()) / spread if spread else np.zeros_like(weights)
        head.set_margins(self.margin_min + relative * (self.margin_max - self.margin_min))
