"""The curves of a training run, from its log of scalars."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

from mmpretrain.reports.summary import POINTS, Curve

#: Values that say nothing about learning.
_LEFT_OUT = {"time", "data_time", "memory", "epoch", "iter", "step", "eta"}


@dataclass(frozen=True)
class History:
    """Curves by name, and what each one counts across: ``'iter'`` or ``'epoch'``."""

    curves: dict[str, Curve] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)


def read_history(folder: str | Path) -> History:
    """Read the scalars of the training in a folder of a run, the last one that trained.

    Lines that are no JSON, such as a last one that a crash cut, are left out.
    """
    found = sorted(Path(folder).glob("*/vis_data/scalars.json"))
    for path in reversed(found):
        history = _curves_of(path.read_text(encoding="utf-8", errors="replace").splitlines())
        if "loss" in history.curves:
            return history
    return History()


def _curves_of(lines: Iterable[str]) -> History:
    points: dict[str, list[tuple[float, float]]] = {}
    steps: dict[str, str] = {}
    for line in lines:
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if not isinstance(values, dict):
            continue
        step = values.get("step")
        if not _is_number(step):
            continue
        for name, value in values.items():
            if name not in _LEFT_OUT and _is_number(value):
                points.setdefault(name, []).append((step, value))
                steps.setdefault(name, "iter" if "iter" in values else "epoch")
    return History({name: _thinned(name, values) for name, values in points.items()}, steps)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _thinned(name: str, points: list[tuple[float, float]]) -> Curve:
    stride = max(1, math.ceil(len(points) / POINTS))
    kept = points[::stride] + ([points[-1]] if (len(points) - 1) % stride else [])
    return Curve(name, [x for x, _ in kept], [y for _, y in kept])
