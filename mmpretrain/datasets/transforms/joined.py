"""Steps of a pipeline that run as one, with the same result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from mmpretrain.datasets.transforms.crop import CenterCrop, EfficientNetCenterCrop
from mmpretrain.datasets.transforms.flip import RandomFlip
from mmpretrain.datasets.transforms.formatting import PackInputs
from mmpretrain.datasets.transforms.functional.geometry import imflip_later
from mmpretrain.datasets.transforms.loading import LoadImageFromFile
from mmpretrain.datasets.transforms.resize import Resize, ResizeEdge
from mmpretrain.datasets.transforms.window import Choice, WindowTransform

Transform = Callable[[dict], Any]

#: Transforms that do the same whenever they get the same image.
DETERMINISTIC: set[type] = {Resize, ResizeEdge, CenterCrop, EfficientNetCenterCrop}
#: So many shapes of images are remembered.
MOST_SHAPES = 256


class LoadPart:
    """Load an image and apply the crop or resize that follows, decoding no more than it needs."""

    def __init__(self, load: LoadImageFromFile, window: WindowTransform) -> None:
        self.load = load
        self.window = window
        self.blamed = window
        self.__name__ = f"{type(load).__name__} > {type(window).__name__}"
        self.crop: WindowTransform | None = None
        self._choices: dict[Any, Choice] = {}
        self._settings: list[dict[str, Any]] = []
        self._is_fixed = type(window) in DETERMINISTIC

    def __call__(self, results: dict) -> dict | None:
        return self.load.load_part(results, self.window, self.crop, self._choose)

    def _choose(self, shape: tuple[int, ...], fast: bool, scales: bool) -> Choice:
        """What is cut out of an image of this shape; remembered where the transforms always do the same."""
        if not self._is_fixed:
            return Choice.of(self.window, self.crop, shape, fast, scales)
        steps = [self.window] if self.crop is None else [self.window, self.crop]
        if self._settings != [vars(step) for step in steps]:
            self._settings = [dict(vars(step)) for step in steps]
            self._choices.clear()
        found = self._choices.get((shape, fast, scales))
        if found is None:
            if len(self._choices) >= MOST_SHAPES:
                self._choices.clear()
            found = Choice.of(self.window, self.crop, shape, fast, scales)
            self._choices[shape, fast, scales] = found
        return found

    def takes(self, transform: Transform) -> TypeGuard[WindowTransform]:
        """Whether it can apply this transform, a crop of what is resized, as well."""
        free = self.crop is None and self.window.resizes
        return free and _takes_parts(transform) and not transform.resizes

    def take(self, crop: WindowTransform) -> None:
        """Apply this transform as well."""
        self.crop = crop
        self._is_fixed = self._is_fixed and type(crop) in DETERMINISTIC


class FlipLater:
    """Mirror an image that is packed next, without moving its pixels: packing does that in passing."""

    def __init__(self, flip: RandomFlip) -> None:
        self.blamed = flip
        self.__name__ = type(flip).__name__

    def __call__(self, results: dict) -> dict:
        return self.blamed.flip(results, imflip_later)

    @staticmethod
    def suits(flip: Transform, pack: Transform) -> bool:
        """Whether these two transforms can run so."""
        return (
            isinstance(flip, RandomFlip)
            and type(flip).transform is RandomFlip.transform
            and isinstance(pack, PackInputs)
            and type(pack).transform is PackInputs.transform
            and type(pack).format_input is PackInputs.format_input
            and pack.input_key == "img"
            and "img" not in (*pack.algorithm_keys, *pack.meta_keys)
        )


def plan(transforms: Sequence[Transform]) -> list[Transform]:
    """Join each loading transform with a crop or resize that follows it, and flips with packing."""
    steps: list[Any] = []
    for transform in transforms:
        last: Any = steps[-1] if steps else None
        if isinstance(last, LoadImageFromFile) and last.loads_parts and _takes_parts(transform):
            steps[-1:] = [LoadPart(last, transform)]
        elif isinstance(last, LoadPart) and last.takes(transform):
            last.take(transform)
        elif FlipLater.suits(last, transform):
            steps[-1:] = [FlipLater(last), transform]
        else:
            steps.append(transform)
    return steps


def _takes_parts(transform: Transform) -> TypeGuard[WindowTransform]:
    return isinstance(transform, WindowTransform) and transform.takes_parts
