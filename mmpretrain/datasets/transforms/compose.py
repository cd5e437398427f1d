"""Pipelines: transforms one after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.blame import blame, is_own, locate_step
from mmpretrain.datasets.transforms.joined import FlipLater, LoadPart, Transform, plan
from mmpretrain.errors import ConfigError
from mmpretrain.registry import TRANSFORMS, locate


@TRANSFORMS.register_module()
class Compose(BaseTransform):
    """Apply transforms one after another; stops when one returns None.

    Where a crop or resize follows :class:`LoadImageFromFile`, the two run as one step that decodes only what
    is needed.

    Args:
        transforms: Config dicts or callables, or one of them. The built list is the attribute ``transforms``,
            which may be changed at any time.
    """

    _is_named = False

    def __init__(self, transforms: Mapping | Transform | Sequence[Mapping | Transform]) -> None:
        items = transforms if isinstance(transforms, Sequence) else [transforms]
        self.transforms: list[Transform] = [_build(item) for item in items]
        # Which line of which config each step is from; the list of steps may be changed.
        self._places = [
            (step, place) for step, item in zip(self.transforms, items) if (place := locate(item))
        ]
        self._first = 0
        self._planned: list[Transform] = []
        self._steps: list[Transform] = []

    def __iter__(self) -> Iterator[Transform]:
        return iter(self.transforms)

    def __len__(self) -> int:
        return len(self.transforms)

    def transform(self, results: dict) -> Any:
        if self._planned != self.transforms:
            self._planned, self._steps = list(self.transforms), plan(self.transforms)
        step: Any = None
        before: Any = results
        try:
            for step in self._steps:
                before, results = results, step(results)
                if results is None:
                    return None
        except Exception as error:
            blamed = error
            if not isinstance(step, BaseTransform):
                name = getattr(step, "__name__", type(step).__name__)
                blamed = blame(error, name, is_own(type(step)) or is_own(step), before)
            locate_step(blamed, self.place_of(step))
            if blamed is error:
                raise
            raise blamed from error
        return results

    def split(self, position: int) -> tuple[Compose, Compose]:
        """Return the first steps and the rest as pipelines, whose errors name the places in this one."""
        parts = Compose(self.transforms[:position]), Compose(self.transforms[position:])
        for part, first in zip(parts, (0, position)):
            part._places, part._first = self._places, self._first + first
        return parts

    def place_of(self, step: Any) -> str:
        """Return where a step is set: a line of a config, or its number."""
        wanted = step.blamed if isinstance(step, (LoadPart, FlipLater)) else step
        for known, place in self._places:
            if known is wanted:
                return place.replace(".type)", ")")
        number = next((i for i, other in enumerate(self.transforms) if other is wanted), None)
        return "pipeline" if number is None else f"pipeline.{self._first + number}"

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
