"""Random draws that several images of one sample can share.

A transform draws in methods marked with :class:`cache_randomness`. Inside :func:`cache_random_params`, the
k-th draw of each such method returns what the k-th draw returned for the first image of the group.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.random import mtrand

from mmpretrain.datasets.transforms.base import BaseTransform
from mmpretrain.errors import ConfigError

Method = TypeVar("Method", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type)


class SharedDraws:
    """The draws of one group of images. :meth:`rewind` starts the next image."""

    def __init__(self) -> None:
        self._draws: dict[Any, list[Any]] = defaultdict(list)
        self._position: dict[Any, int] = defaultdict(int)

    def rewind(self) -> None:
        """Return the same draws again, from the first on."""
        self._position.clear()

    def draw(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return the next recorded draw for ``key``, or make and record one."""
        position = self._position[key]
        self._position[key] = position + 1
        draws = self._draws[key]
        if position == len(draws):
            draws.append(make())
        return draws[position]


def rand_below(count: int) -> int:
    """Draw what ``np.random.randint(count)`` draws, in a third of its time."""
    generator = mtrand.get_bit_generator()
    if type(generator) is not np.random.MT19937 or not 1 < count <= 2**32:
        return int(np.random.randint(count))
    mask, draw = (1 << (count - 1).bit_length()) - 1, generator.random_raw
    while (value := draw() & mask) >= count:
        pass
    return value


def cache_randomness(method: Method) -> Method:
    """Mark a method of a transform as the place where it draws random numbers."""

    @functools.wraps(method)
    def draw(self: Any, *args: Any, **kwargs: Any) -> Any:
        shared: SharedDraws | None = self._shared_draws
        if shared is None:
            return method(self, *args, **kwargs)
        return shared.draw((id(self), method.__name__), lambda: method(self, *args, **kwargs))

    return draw  # type: ignore[return-value]


def avoid_cache_randomness(cls: Class) -> Class:
    """Mark a transform class whose draws cannot be shared between images."""
    cls._unshareable = cls.__name__  # type: ignore[attr-defined]
    return cls


@contextmanager
def cache_random_params(transforms: Any) -> Iterator[SharedDraws]:
    """Share the random draws of a transform, or of all transforms in an iterable, nested ones included.

    Yields:
        The recorder; call its ``rewind()`` before each further image.
    """
    members = list(_walk(transforms))
    shared = SharedDraws()
    for member in members:
        if getattr(type(member), "_unshareable", None) == type(member).__name__:
            raise ConfigError(
                f"{type(member).__name__} cannot share its random draws between images",
                hint="Use it outside of TransformBroadcaster(share_random_params=True).",
            )
    try:
        for member in members:
            member._shared_draws = shared
        yield shared
    finally:
        for member in members:
            member._shared_draws = None


def _walk(transforms: Any) -> Iterator[BaseTransform]:
    if isinstance(transforms, BaseTransform):
        yield transforms
    if isinstance(transforms, Iterable):
        for child in transforms:
            yield from _walk(child)
