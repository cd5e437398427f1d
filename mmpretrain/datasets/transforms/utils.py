"""Editing pipelines."""

from __future__ import annotations

import copy
from typing import Any


def get_transform_idx(pipeline: list[Any], target: str) -> int:
    """Index of the first transform of a type in a list of configs or transforms; -1 when there is none."""
    for index, transform in enumerate(pipeline):
        kind = transform["type"] if isinstance(transform, dict) else type(transform)
        if (kind if isinstance(kind, str) else kind.__name__) == target:
            return index
    return -1


def remove_transform(pipeline: list[Any], target: str, inplace: bool = False) -> list[Any]:
    """Remove all transforms of a type.

    Args:
        pipeline: Configs or transforms.
        target: Name of the type.
        inplace: Change the list itself, and not a copy.
    """
    if not inplace:
        pipeline = copy.deepcopy(pipeline)
    while (index := get_transform_idx(pipeline, target)) >= 0:
        del pipeline[index]
    return pipeline
