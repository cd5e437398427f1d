"""Checks of constructor arguments, with messages that say what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Number
from typing import Any

from mmpretrain.errors import ConfigError, TransformError
from mmpretrain.utils.suggest import did_you_mean


def require(condition: Any, message: str, hint: str | None = None, *, key: str | None = None) -> None:
    """Raise :class:`ConfigError` unless ``condition`` holds."""
    if not condition:
        raise ConfigError(message, hint=hint, key=key)


def suits(condition: Any, reason: str, hint: str | None = None, *, key: str | None = None) -> None:
    """Raise :class:`TransformError` unless an image suits a transform; the pipeline adds which ones."""
    if not condition:
        raise TransformError(reason, hint=hint, key=key)


def one_of(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Check that an argument is one of a few values."""
    choices = list(choices)
    if value not in choices:
        hint = (
            did_you_mean(value, [c for c in choices if isinstance(c, str)])
            if isinstance(value, str)
            else None
        )
        raise ConfigError(
            f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}", hint=hint, key=name
        )


def positive_pair(name: str, value: Any) -> tuple[int, int]:
    """Return a pair of positive numbers for one number or a sequence of two."""
    pair = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    fits = len(pair) == 2 and all(isinstance(item, Number) and item > 0 for item in pair)  # type: ignore[operator]
    require(fits, f"{name} must be one positive number or two, got {value!r}", key=name)
    return pair[0], pair[1]  # type: ignore[return-value]


def ordered_range(name: str, value: Any) -> tuple[float, float]:
    """Check that a value is a ``(min, max)`` pair."""
    fits = isinstance(value, Sequence) and len(value) == 2 and value[0] <= value[1]
    require(fits, f"{name} must be a pair (min, max) with min <= max, got {value!r}", key=name)
    return (value[0], value[1])


def probability(name: str, value: Any) -> None:
    """Check that a number lies in [0, 1]."""
    require(
        isinstance(value, Number) and 0 <= value <= 1,  # type: ignore[operator]
        f"{name} must be a number between 0 and 1, got {value!r}",
        key=name,
    )
