"""The base class of transforms."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from mmpretrain.datasets.transforms.blame import blame, is_own


class BaseTransform(ABC):
    """Turns a results dict into another one; ``None`` drops the sample.

    A subclass implements :meth:`transform`. It may change the dict that it gets.
    """

    #: Set while several images share their random draws (``randomness.cache_random_params``).
    _shared_draws: Any = None
    #: Whether errors name it; a pipeline names its steps instead.
    _is_named: ClassVar[bool] = True

    def __call__(self, results: dict) -> Any:
        try:
            return self.transform(results)
        except Exception as error:
            if not self._is_named:
                raise
            blamed = blame(error, type(self).__name__, is_own(type(self)), results)
            if blamed is error:
                raise
            raise blamed from error

    @abstractmethod
    def transform(self, results: dict) -> Any:
        """Return the transformed results."""

    def __repr__(self) -> str:
        """The constructor call, as far as the arguments were kept as attributes of the same name."""
        parameters = inspect.signature(type(self)).parameters.values()
        known = [
            f"{p.name}={getattr(self, p.name)!r}"
            for p in parameters
            if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and hasattr(self, p.name)
        ]
        return f"{type(self).__name__}({', '.join(known)})"
