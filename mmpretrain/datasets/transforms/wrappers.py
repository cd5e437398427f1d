"""Transforms made of transforms."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import product
from typing import Any

import numpy as np

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.checks import require
from mmpretrain.datasets.transforms.compose import Compose
from mmpretrain.datasets.transforms.randomness import cache_random_params, cache_randomness
from mmpretrain.errors import DataError
from mmpretrain.registry import TRANSFORMS

#: A config, a callable, or a list of them.
Pipeline = Mapping | Callable[[dict], Any] | Sequence[Mapping | Callable[[dict], Any]]

#: Stands for a key that is left out.
_ABSENT = object()


@TRANSFORMS.register_module()
class KeyMapper(BaseTransform):
    """Apply transforms to other keys than those that they know.

    Args:
        transforms: What to apply; nothing only renames.
        mapping: Key that the transforms see to the key in the results; values may be nested dicts and lists
            of keys, and ``...`` hides a key.
        remapping: The same for their output; the key that the transforms set to the key in the results.
        auto_remap: Write back to where the input came from; by default when there is no ``remapping``.
        allow_nonexist_keys: Leave out keys that are absent, instead of mapping them to None.

    Example:
        >>> KeyMapper([dict(type='Resize', scale=32)], mapping=dict(img='target_img'))
    """

    def __init__(
        self,
        transforms: Pipeline | None = None,
        mapping: dict | None = None,
        remapping: dict | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
    ) -> None:
        self.auto_remap = remapping is None if auto_remap is None else auto_remap
        require(
            not (self.auto_remap and remapping is not None),
            "KeyMapper takes remapping or auto_remap=True, not both",
            key="remapping",
        )
        self.mapping = mapping
        self.remapping = mapping if self.auto_remap else remapping
        self.allow_nonexist_keys = allow_nonexist_keys
        self.transforms = Compose(transforms if transforms is not None else [])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.transforms)

    def _map_input(self, results: dict) -> dict:
        if self.mapping is None:
            return dict(results)
        return {**results, **self._collect(results, self.mapping)}

    def _collect(self, results: dict, keys: Any) -> Any:
        if isinstance(keys, dict):
            return {inner: self._collect(results, outer) for inner, outer in keys.items()}
        if isinstance(keys, (tuple, list)):
            return type(keys)(self._collect(results, key) for key in keys)
        if keys is ...:
            return _ABSENT
        return results.get(keys, _ABSENT if self.allow_nonexist_keys else None)

    def _map_output(self, results: dict) -> dict:
        if self.remapping is None:
            return {key: value for key, value in results.items() if value is not _ABSENT}
        return dict(_scatter(results, self.remapping))

    def _apply(self, inputs: dict) -> dict:
        outputs = self.transforms({key: value for key, value in inputs.items() if value is not _ABSENT})
        if outputs is None:
            raise DataError(f"A transform inside {type(self).__name__} returned None")
        return {**inputs, **outputs}

    def transform(self, results: dict) -> dict:
        results.update(self._map_output(self._apply(self._map_input(results))))
        return results


def _scatter(values: Any, keys: Any) -> Iterator[tuple[str, Any]]:
    """Pair nested values with the keys that they go to."""
    if isinstance(keys, dict):
        for inner, outer in keys.items():
            yield from _scatter(values[inner], outer)
    elif isinstance(keys, (tuple, list)):
        require(len(values) == len(keys), f"The keys {keys!r} do not fit {len(values)} values")
        for value, key in zip(values, keys):
            yield from _scatter(value, key)
    elif keys is not ... and values is not _ABSENT:
        yield keys, values


@TRANSFORMS.register_module()
class TransformBroadcaster(KeyMapper):
    """Apply the same transforms to each item of sequences, such as two images of one sample.

    Args:
        transforms: What to apply.
        mapping: See :class:`KeyMapper`; each value gives a sequence, all of one length. None takes all keys.
        remapping: See :class:`KeyMapper`.
        auto_remap: See :class:`KeyMapper`.
        allow_nonexist_keys: See :class:`KeyMapper`.
        share_random_params: Draw random numbers for the first item only.

    Example:
        >>> TransformBroadcaster([dict(type='RandomFlip', prob=0.5)], mapping=dict(img=['left', 'right']),
        ...                      share_random_params=True)
    """

    def __init__(
        self,
        transforms: Pipeline,
        mapping: dict | None = None,
        remapping: dict | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
        share_random_params: bool = False,
    ) -> None:
        super().__init__(transforms, mapping, remapping, auto_remap, allow_nonexist_keys)
        self.share_random_params = share_random_params

    def scatter_sequence(self, data: dict) -> list[dict]:
        """One dict for each item; keys that are not mapped are in all of them."""
        keys = list(self.mapping or data)
        lengths = {key: len(data[key]) for key in keys}
        require(
            len(set(lengths.values())) == 1 and min(lengths.values()) > 0,
            f"TransformBroadcaster needs sequences of one length, got {lengths}",
        )
        return [{**data, **{key: data[key][i] for key in keys}} for i in range(lengths[keys[0]])]

    def transform(self, results: dict) -> dict:
        items = self.scatter_sequence(self._map_input(results))
        outputs = []
        with cache_random_params(self.transforms) if self.share_random_params else nullcontext() as shared:
            for item in items:
                if shared is not None:
                    shared.rewind()
                outputs.append(self._apply(item))
        together = {key: [output[key] for output in outputs] for key in outputs[0]}
        results.update(self._map_output(together))
        return results


@TRANSFORMS.register_module()
class RandomChoice(BaseTransform):
    """Apply one of several pipelines.

    Args:
        transforms: The pipelines.
        prob: Their probabilities; by default all are equally likely.
    """

    def __init__(self, transforms: Sequence[Pipeline], prob: Sequence[float] | None = None) -> None:
        if prob is not None:
            require(
                len(prob) == len(transforms) and abs(sum(prob) - 1) < 1e-8,
                f"prob needs one number for each of {len(transforms)} pipelines, 1 together, got {prob!r}",
                key="prob",
            )
        self.prob = prob
        self.transforms = [Compose(transform) for transform in transforms]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.transforms)

    @cache_randomness
    def random_pipeline_index(self) -> int:
        """Draw which pipeline to apply."""
        return int(np.random.choice(len(self.transforms), p=self.prob))

    def transform(self, results: dict) -> Any:
        return self.transforms[self.random_pipeline_index()](results)


@TRANSFORMS.register_module()
class RandomApply(BaseTransform):
    """Apply a pipeline with some probability.

    Args:
        transforms: The pipeline.
        prob: Its probability.
    """

    def __init__(self, transforms: Pipeline, prob: float = 0.5) -> None:
        self.prob = prob
        self.transforms = Compose(transforms)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.transforms)

    @cache_randomness
    def random_apply(self) -> bool:
        """Draw whether to apply the pipeline."""
        return np.random.rand() < self.prob

    def transform(self, results: dict) -> Any:
        return self.transforms(results) if self.random_apply() else results


@TRANSFORMS.register_module()
class MultiView(BaseTransform):
    """Make several augmented views of an image: ``img`` becomes a list.

    Args:
        transforms: The pipelines.
        num_views: Views from each pipeline.
    """

    def __init__(self, transforms: Sequence[Pipeline], num_views: int | Sequence[int]) -> None:
        counts = [num_views] if isinstance(num_views, int) else list(num_views)
        require(
            len(counts) == len(transforms),
            f"num_views needs one number for each of {len(transforms)} pipelines, got {num_views!r}",
            key="num_views",
        )
        self.num_views = counts
        self.pipelines = [Compose(transform) for transform in transforms]
        self.transforms = [p for p, count in zip(self.pipelines, counts) for _ in range(count)]

    def transform(self, results: dict) -> dict:
        results["img"] = [pipeline(copy.deepcopy(results))["img"] for pipeline in self.transforms]
        return results


@TRANSFORMS.register_module()
class ApplyToList(BaseTransform):
    """Apply a pipeline to each item of the list under one key.

    Args:
        transforms: The pipeline.
        scatter_key: Key of the list. If it holds no list, the pipeline is applied once.
        collate_keys: Keys whose values are collected from all items; the others come from the first.
    """

    def __init__(self, transforms: Pipeline, scatter_key: str, collate_keys: Sequence[str]) -> None:
        self.transforms = Compose(transforms)
        self.scatter_key = scatter_key
        self.collate_keys = {*collate_keys, scatter_key}

    def transform(self, results: dict) -> Any:
        items = results.get(self.scatter_key)
        if not isinstance(items, list):
            return self.transforms(results)
        outputs = []
        for item in items:
            single = copy.deepcopy({**results, self.scatter_key: None})
            outputs.append(self.transforms({**single, self.scatter_key: item}))
        first = outputs[0]
        return {
            key: [output[key] for output in outputs] if key in self.collate_keys else value
            for key, value in first.items()
        }


@TRANSFORMS.register_module()
class TestTimeAug(BaseTransform):
    """Make all combinations of augmentations: each key of the output holds a list.

    Args:
        transforms: Stages; each is a list of alternatives, of which every combination takes one.
    """

    __test__ = False

    def __init__(self, transforms: Sequence[Sequence[Mapping | Callable[[dict], Any]]]) -> None:
        built = [[Compose(alternative).transforms[0] for alternative in stage] for stage in transforms]
        self.subroutines = [Compose(combination) for combination in product(*built)]

    def transform(self, results: dict) -> dict:
        outputs = [subroutine(copy.deepcopy(results)) for subroutine in self.subroutines]
        for subroutine, output in zip(self.subroutines, outputs):
            if not isinstance(output, dict):
                raise DataError(f"TestTimeAug: {subroutine!r} returned {output!r} instead of a dict")
        return {key: [output.get(key) for output in outputs] for key in outputs[0]}


@TRANSFORMS.register_module()
class MultiScaleFlipAug(BaseTransform):
    """Make versions of an image at several scales, flipped and not: each key of the output holds a list.

    Args:
        transforms: Applied to each version; must pack it (``PackInputs``).
        scales: Scales, as of :class:`Resize`.
        scale_factor: Factors, used when ``scales`` is None; 1 by default.
        allow_flip: Add flipped versions.
        flip_direction: Their directions.
        resize_cfg: The resizing transform, without its scale.
        flip_cfg: The flipping transform.
    """

    def __init__(
        self,
        transforms: Pipeline,
        scales: tuple | list[tuple] | None = None,
        scale_factor: float | list[float] | None = None,
        allow_flip: bool = False,
        flip_direction: str | list[str] = "horizontal",
        resize_cfg: Mapping[str, Any] = {"type": "Resize", "keep_ratio": True},
        flip_cfg: Mapping[str, Any] = {"type": "RandomFlip"},
    ) -> None:
        self.transforms = Compose(transforms)
        key, given = ("scale", scales) if scales is not None else ("scale_factor", scale_factor or 1.0)
        directions = flip_direction if isinstance(flip_direction, list) else [flip_direction]
        flips = [None, *directions] if allow_flip else [None]
        self.versions = [
            Compose(self._version({**resize_cfg, key: scale}, flip_cfg, direction))
            for scale in (given if isinstance(given, list) else [given])
            for direction in flips
        ]

    @staticmethod
    def _version(resize: Mapping, flip: Mapping, direction: str | None) -> list[Any]:
        if direction is None:
            return [_not_flipped, resize]
        return [resize, {**flip, "prob": 1.0, "direction": direction}]

    def transform(self, results: dict) -> dict:
        packed = [self.transforms(version(dict(results))) for version in self.versions]
        return {key: [item[key] for item in packed] for key in packed[0]}


def _not_flipped(results: dict) -> dict:
    return {**results, "flip": False, "flip_direction": None}
