"""Pipelines: transforms one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.loading import LoadImageFromFile
from mmpretrain.datasets.transforms.window import WindowTransform
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS

Transform = Callable[[dict], Any]


@TRANSFORMS.register_module()
class Compose(BaseTransform):
    """Apply transforms one after another; stops when one returns None.

    Where a crop or resize follows :class:`LoadImageFromFile`, the two run as one step that decodes only what
    is needed.

    Args:
        transforms: Config dicts or callables, or one of them. The built list is the attribute ``transforms``,
            which may be changed at any time.
    """

    def __init__(self, transforms: Mapping | Transform | Sequence[Mapping | Transform]) -> None:
        items = transforms if isinstance(transforms, Sequence) else [transforms]
        self.transforms: list[Transform] = [_build(item) for item in items]
        self._planned: list[Transform] = []
        self._steps: list[Transform] = []

    def __iter__(self) -> Iterator[Transform]:
        return iter(self.transforms)

    def __len__(self) -> int:
        return len(self.transforms)

    def transform(self, results: dict) -> Any:
        if self._planned != self.transforms:
            self._planned, self._steps = list(self.transforms), plan(self.transforms)
        for step in self._steps:
            results = step(results)
            if results is None:
                return None
        return results

    def __repr__(self) -> str:
        inner = "".join(f"\n    {transform!r}," for transform in self.transforms)
        return f"{type(self).__name__}([{inner}\n])"


def _build(item: Any) -> Transform:
    if isinstance(item, Mapping):
        return TRANSFORMS.build(item)
    if not callable(item):
        raise ConfigError(
            f"A transform must be a dict with a 'type' or a callable, got {type(item).__name__}: {item!r}"
        )
    return item


class LoadPart:
    """Load an image and apply the crop or resize that follows, decoding no more than it needs."""

    def __init__(self, load: LoadImageFromFile, window: WindowTransform) -> None:
        self.load = load
        self.window = window

    def __call__(self, results: dict) -> dict | None:
        return self.load.load_part(results, self.window)


def plan(transforms: Sequence[Transform]) -> list[Transform]:
    """Join each loading transform with a crop or resize that follows it."""
    steps: list[Transform] = []
    for transform in transforms:
        load = steps.pop() if steps and isinstance(steps[-1], LoadImageFromFile) else None
        if load is None:
            steps.append(transform)
        elif isinstance(transform, WindowTransform) and load.loads_parts and transform.takes_parts:
            steps.append(LoadPart(load, transform))
        else:
            steps += [load, transform]
    return steps
