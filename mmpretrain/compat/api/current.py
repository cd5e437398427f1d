"""Visualizers by name, and that of the run that is under way."""

from __future__ import annotations

from typing import Any

from mmpretrain.engine import session

_made: dict[str, Any] = {}


def visualizer() -> Any:
    """Return the visualizer of the run that is under way; without any run, the one that was made last.

    Raises:
        TrainingError: If it is not clear which run is meant, or there is neither.
    """
    if not session.exists() and _made:
        return next(reversed(_made.values()))
    return session.current().visualizer


def visualizer_named(cls: type, name: str, options: dict[str, Any]) -> Any:
    """Return the visualizer of a name, which is made if there is none."""
    if name not in _made:
        _made[name] = cls(name=name, **options)
    return _made[name]
