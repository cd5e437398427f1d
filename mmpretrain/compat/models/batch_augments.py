"""A batch augmentation under its name of 0.x, which one config of the zoo still uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from mmpretrain.models.batch_augments import CutMix, Mixed
from mmpretrain.registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class BatchCutMix(CutMix):
    """:class:`CutMix` with its own probability.

    Args:
        alpha: Both parameters of the beta distribution of the area that is kept.
        num_classes: Not needed any more: the data preprocessor knows it.
        prob: How often a batch is mixed.
        cutmix_minmax: Range of the edges of the box, relative to the image.
        correct_lam: Weigh the scores by the true area of the box.
    """

    def __init__(
        self,
        alpha: float,
        num_classes: int | None = None,
        prob: float = 0.5,
        cutmix_minmax: Sequence[float] | None = None,
        correct_lam: bool = True,
    ) -> None:
        super().__init__(alpha, cutmix_minmax, correct_lam)
        self.prob = prob

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> Mixed:
        """Mix images, in place, and scores, or leave both as they are."""
        if np.random.rand() >= self.prob:
            return batch_inputs, batch_scores
        return super().mix(batch_inputs, batch_scores)
