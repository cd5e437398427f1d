"""Base classes of the operations of AutoAugment and RandAugment.

Each is applied with probability ``prob``. Its strength is either fixed, or drawn: ``magnitude_level`` out of
``total_level`` gives a point of ``magnitude_range``, with normal noise of ``magnitude_std`` levels (or, with
``'inf'``, a uniform draw between 0 and the level). The range may fall, as for Posterize.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import require
from mmpretrain.datasets.transforms.randomness import cache_randomness


class BaseAugTransform(BaseTransform):
    """Base of operations with a probability and a strength.

    A subclass implements :meth:`apply`, or :meth:`transform` altogether.

    Args:
        magnitude_level: Level of the strength.
        magnitude_range: Strength at level 0 and at ``total_level``.
        magnitude_std: Standard deviation of the level, or ``'inf'`` for a uniform draw.
        total_level: The highest level.
        prob: Probability of the operation.
        random_negative_prob: Probability that the strength is negated.
    """

    #: Name of the argument that fixes the strength; None for operations without one.
    strength_key: ClassVar[str | None] = None

    def __init__(
        self,
        magnitude_level: float = 10,
        magnitude_range: Sequence[float] | None = None,
        magnitude_std: float | str = 0.0,
        total_level: float = 10,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
    ) -> None:
        self.magnitude_level = magnitude_level
        self.magnitude_range = magnitude_range
        self.magnitude_std = magnitude_std
        self.total_level = total_level
        self.prob = prob
        self.random_negative_prob = random_negative_prob

    def _check_strength(self) -> None:
        key = self.strength_key
        fixed = key is not None and getattr(self, key) is not None
        require(
            fixed != (self.magnitude_range is not None),
            f"{type(self).__name__} needs either {key} or magnitude_range",
            key="magnitude_range",
        )

    @cache_randomness
    def random_disable(self) -> bool:
        """Draw whether to leave the image as it is."""
        return np.random.rand() > self.prob

    @cache_randomness
    def random_magnitude(self) -> float:
        """Draw the strength from ``magnitude_range``."""
        level: Any = self.magnitude_level
        if isinstance(self.magnitude_std, str):
            level = np.random.uniform(0, level)
        elif self.magnitude_std > 0:
            level = np.clip(np.random.normal(level, self.magnitude_std), 0, self.total_level)
        start, end = self.magnitude_range  # type: ignore[misc]
        return level / self.total_level * (end - start) + start

    @cache_randomness
    def random_negative(self, value: float) -> float:
        """Draw the sign of the strength."""
        return -value if np.random.rand() < self.random_negative_prob else value

    def strength(self) -> Any:
        """The fixed strength, or one drawn from the range."""
        fixed = getattr(self, self.strength_key) if self.strength_key else None
        return self.random_magnitude() if fixed is None else fixed

    @abstractmethod
    def apply(self, img: np.ndarray) -> np.ndarray:
        """Return the changed image."""

    def transform(self, results: dict) -> dict:
        if not self.random_disable():
            results["img"] = self.apply(results["img"])
        return results


class SignedAugTransform(BaseAugTransform):
    """Base of operations whose strength is ``magnitude``, negated at random."""

    strength_key = "magnitude"

    def __init__(
        self,
        magnitude: float | None = None,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(prob=prob, random_negative_prob=random_negative_prob, **kwargs)
        self.magnitude = magnitude
        self._check_strength()

    def strength(self) -> float:
        """The strength, with its sign drawn."""
        return self.random_negative(super().strength())
