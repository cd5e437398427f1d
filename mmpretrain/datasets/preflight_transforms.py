"""Transforms that cannot take the images of a data set, those that are applied at random included."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from mmpretrain.datasets.places import root_of
from mmpretrain.datasets.preflight_problem import HARD, Problem, soft
from mmpretrain.datasets.transforms import (
    AugMix,
    CenterCrop,
    Compose,
    MultiView,
    RandAugment,
    RandomApply,
    RandomChoice,
    RandomCrop,
)
from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.datasets.transforms.blame import is_own, locate_step
from mmpretrain.errors import TransformError
from mmpretrain.utils.seeding import preserved_rng

#: Arguments that say how likely a transform is to do anything.
_CHANCES = ("prob", "erase_prob")


def unsuitable_branches(split: str, dataset: Any) -> Iterator[Problem]:
    """Run one sample through all branches of a pipeline, however unlikely they are.

    An operation of AutoAugment that cannot take images of 16 bits would otherwise fail hours later. A crop
    that is larger than the image, and so leaves it whole, is warned of.
    """
    plain, index = root_of(dataset, 0)
    pipeline: Any = getattr(plain, "pipeline", None)
    if not isinstance(pipeline, Compose) or not hasattr(plain, "get_data_info"):
        return
    whole: list[str] = []
    with preserved_rng():
        results: Any = plain.get_data_info(index)
        for step in pipeline.transforms:
            try:
                results = _try_all(step, results, whole)
            except TransformError as error:
                locate_step(error, pipeline.place_of(step))
                yield Problem(HARD, split, str(error))
                return
            except Exception:  # the pipeline was tried before, and its errors were reported there
                return
            if not isinstance(results, dict):
                break
    for text in dict.fromkeys(whole):
        yield soft(split, text)


def _try_all(transform: Any, results: dict[str, Any], whole: list[str]) -> Any:
    """Return what a transform makes of a sample, after all of its branches were tried on copies.

    Args:
        transform: The transform.
        results: The sample.
        whole: Gets a sentence on each crop that is larger than the image.
    """
    if isinstance(transform, Compose):
        for step in transform.transforms:
            results = _try_all(step, results, whole)
        return results
    if isinstance(transform, (RandomChoice, RandAugment, AugMix, MultiView)):
        branches = transform.pipelines if isinstance(transform, MultiView) else transform
        for branch in branches:
            _try_all(branch, _copy(results), whole)
        return transform(results)
    if isinstance(transform, RandomApply):
        return _try_all(transform.transforms, results, whole)
    whole += _larger_crop(transform, results.get("img"))
    return _certain(transform)(results)


def _larger_crop(transform: Any, image: Any) -> list[str]:
    """Say that a crop is larger than the image in both directions, if it is."""
    if not isinstance(transform, (RandomCrop, CenterCrop)) or not isinstance(image, np.ndarray):
        return []
    pads = getattr(transform, "pad_if_needed", False) or getattr(transform, "auto_pad", False)
    if pads or getattr(transform, "padding", None) is not None:
        return []
    height, width = image.shape[:2]
    size = transform.crop_size if isinstance(transform, RandomCrop) else transform.crop_size[::-1]
    if height > size[0] or width > size[1] or (height, width) == tuple(size):
        return []
    option = "pad_if_needed" if isinstance(transform, RandomCrop) else "auto_pad"
    return [
        f"{type(transform).__name__} cuts {size[0]} x {size[1]} pixels out of images of {height} x {width}, "
        f"which therefore stay whole: choose a smaller crop_size, or {option}=True"
    ]


def _copy(results: dict[str, Any]) -> dict[str, Any]:
    copied = dict(results)
    if isinstance(results.get("img"), np.ndarray):
        copied["img"] = results["img"].copy()
    return copied


def _certain(transform: Any) -> Any:
    """Return a transform that does what it otherwise does with some probability."""
    if not isinstance(transform, BaseTransform) or not is_own(type(transform)):
        return transform
    chances = [name for name in _CHANCES if isinstance(getattr(transform, name, None), (int, float))]
    if not any(0 < getattr(transform, name) < 1 for name in chances):
        return transform
    certain = copy.copy(transform)
    for name in chances:
        setattr(certain, name, 1.0)
    return certain
