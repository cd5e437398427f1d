"""Random mirroring."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np

from mmpretrain.datasets.transforms import annotations
from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import one_of, require
from mmpretrain.datasets.transforms.functional import geometry
from mmpretrain.datasets.transforms.randomness import cache_randomness
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomFlip(BaseTransform):
    """Mirror the image and its annotations at random.

    Sets ``flip`` and ``flip_direction`` (None for no flip).

    Args:
        prob: Probability of a flip, shared by all directions, or one for each direction.
        direction: ``'horizontal'``, ``'vertical'``, ``'diagonal'``, or a list of them.
        swap_seg_labels: Pairs of labels that change places in a flipped segmentation map, such as left and
            right hand.
    """

    def __init__(
        self,
        prob: float | Sequence[float] | None = None,
        direction: str | Sequence[str | None] = "horizontal",
        swap_seg_labels: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        directions = [direction] if isinstance(direction, str) else list(direction)
        for item in directions:
            one_of("direction", item, ("horizontal", "vertical", "diagonal"))
        if isinstance(prob, (int, float)) and not isinstance(prob, bool):
            probs = [prob / len(directions)] * len(directions)
            rest = 1.0 - prob
        elif isinstance(prob, Sequence):
            probs = list(prob)
            rest = 1 - sum(probs)
        else:
            raise ConfigError(f"prob must be a number, or one for each direction, got {prob!r}", key="prob")
        require(
            len(probs) == len(directions) and all(p >= 0 for p in probs) and rest >= -1e-9,
            f"prob needs one number for each direction, at most 1 together, got {prob!r} for {direction!r}",
            key="prob",
        )
        self.prob = prob
        self.direction = direction
        self.swap_seg_labels = swap_seg_labels
        self._directions = [*directions, None]
        # np.random.choice draws one uniform number and looks it up in the normalised cumulative sum; done
        # here directly, as the call costs more than flipping.
        cumulative = np.cumsum([*probs, max(rest, 0.0)])
        self._thresholds: list[float] = (cumulative / cumulative[-1]).tolist()

    @cache_randomness
    def _choose_direction(self) -> str | None:
        return self._directions[bisect_right(self._thresholds, np.random.random_sample())]

    def transform(self, results: dict) -> dict:
        return self.flip(results, geometry.imflip)

    def flip(self, results: dict, imflip: Callable[[np.ndarray, str], np.ndarray]) -> dict:
        """Do what :meth:`transform` does; ``imflip`` mirrors the image in a direction."""
        direction = self._choose_direction()
        results["flip"] = direction is not None
        results["flip_direction"] = direction
        if direction is not None:
            results["img"] = imflip(results["img"], direction)
            annotations.flip(results, direction)
            if results.get("gt_seg_map") is not None:
                results["gt_seg_map"] = self._flip_seg_map(results["gt_seg_map"], direction)
                results["swap_seg_labels"] = self.swap_seg_labels
        return results

    def _flip_seg_map(self, seg_map: np.ndarray, direction: str) -> np.ndarray:
        flipped = geometry.imflip(seg_map, direction)
        if not self.swap_seg_labels:
            return flipped
        swapped = flipped.copy()
        for first, second in self.swap_seg_labels:
            swapped[flipped == first] = second
            swapped[flipped == second] = first
        return swapped
