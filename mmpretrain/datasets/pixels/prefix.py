"""The deterministic beginning of a pipeline, and how to do it again without pixels."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np

from mmpretrain.datasets.transforms import LoadImageFromFile
from mmpretrain.datasets.transforms.functional import jpeg
from mmpretrain.datasets.transforms.joined import DETERMINISTIC
from mmpretrain.datasets.transforms.loading import exact_pixels
from mmpretrain.datasets.transforms.window import WindowTransform


class Prefix:
    """The steps at the beginning of a pipeline whose result is worth keeping.

    Args:
        transforms: The steps of the pipeline. :attr:`length` says how many of them it is.

    Attributes:
        length: How many steps; 0 if nothing can be kept.
    """

    load: LoadImageFromFile

    def __init__(self, transforms: Sequence[Callable]) -> None:
        self.load = LoadImageFromFile()
        self.length = 0
        self.windows: list[WindowTransform] = []
        first = transforms[0] if transforms else None
        if not isinstance(first, LoadImageFromFile) or type(first) is not LoadImageFromFile:
            return
        self.load = first
        self.exact = not self.load.may_approximate
        for step in transforms[1:]:
            if (
                type(step) not in DETERMINISTIC
                or not isinstance(step, WindowTransform)
                or not step.takes_parts
            ):
                break
            self.windows.append(step)
        if not self.exact and self._is_made_in_parts(transforms):
            self.windows.clear()
        self.length = 1 + len(self.windows)
        rest = transforms[self.length :]
        self._next = rest[0] if rest and isinstance(rest[0], WindowTransform) else None

    def _is_made_in_parts(self, transforms: Sequence[Callable]) -> bool:
        """Whether a random crop behind a resize makes nothing but its part, which differs by rounding."""
        crop = transforms[2] if len(transforms) > 2 and len(self.windows) == 1 else None
        return isinstance(crop, WindowTransform) and crop.takes_parts and not crop.resizes

    @property
    def only_loads(self) -> bool:
        """Whether whole images are kept."""
        return not self.windows

    def loader(self) -> LoadImageFromFile:
        """What decodes an image as a whole, to the type that it has in the file."""
        load = copy.copy(self.load)
        load.to_float32 = False
        return load

    def may_keep(self, height: int, width: int) -> bool:
        """Whether a decoded image may stand for the file: not for one that is decoded at a reduced size."""
        if self.exact or not self.only_loads or self._next is None or not self._next.resizes:
            return True
        if type(self._next) in DETERMINISTIC:
            return self._next.window((height, width, 3)).reduction() == 1
        size = getattr(self._next, "scale", None)
        known = isinstance(size, tuple) and len(size) == 2 and all(isinstance(edge, int) for edge in size)
        return known and jpeg.reduction(height, width, *size) == 1  # type: ignore[misc]

    def size_of(self, height: int, width: int) -> int:
        """How many bytes are kept of an image."""
        if not self.may_keep(height, width):
            return 0
        for step in self.windows:
            window = step.window((height, width, 3))
            height, width = window.size or (window.height, window.width)
        return height * width * 3 * (4 if self.windows and self.load.to_float32 else 1)

    def replay(self, results: dict, pixels: np.ndarray, shape: tuple[int, int]) -> dict:
        """Do what the steps do to a record, with pixels that were kept.

        Args:
            results: The record.
            pixels: The result of the steps.
            shape: (height, width) of the image.
        """
        load = self.loader()
        results = load.finish(results, _blank(shape, pixels), shape)
        for step in self.windows:
            window = step.window(results["img"].shape)
            results["img"] = _blank(window.size or (window.height, window.width), pixels)
            step.finish(results, window)
        results["img"] = np.array(pixels)
        return results

    def __repr__(self) -> str:
        steps = [self.load, *self.windows] if self.length else []
        return f"{', '.join(map(repr, steps))}; exact: {self.length and (self.exact or exact_pixels())}"


def _blank(shape: tuple[int, int], like: np.ndarray) -> np.ndarray:
    """An image of a shape that takes no memory."""
    return np.broadcast_to(np.zeros((), like.dtype), (*shape, *like.shape[2:]))
