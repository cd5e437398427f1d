"""The base class of transforms."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any


class BaseTransform(ABC):
    """Turns a results dict into another one; ``None`` drops the sample.

    A subclass implements :meth:`transform`. It may change the dict that it gets.
    """

    #: Set while several images share their random draws (``randomness.cache_random_params``).
    _shared_draws: Any = None

    def __call__(self, results: dict) -> Any:
        return self.transform(results)

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
