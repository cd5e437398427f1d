"""The order in which hooks run: by name or by number."""

from __future__ import annotations

from enum import IntEnum

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.utils.suggest import did_you_mean


class Priority(IntEnum):
    """Named priorities; a hook with a smaller number runs earlier."""

    HIGHEST = 0
    VERY_HIGH = 10
    HIGH = 30
    ABOVE_NORMAL = 40
    NORMAL = 50
    BELOW_NORMAL = 60
    LOW = 70
    VERY_LOW = 90
    LOWEST = 100


def get_priority(priority: int | str | Priority) -> int:
    """Return the number of a priority.

    Args:
        priority: A number from 0 (first) to 100 (last), or a name such as ``'VERY_LOW'`` in any case.
    """
    if isinstance(priority, str):
        names = Priority.__members__
        if priority.upper() not in names:
            hint = did_you_mean(priority, names) or f"Choose one of {', '.join(names)}."
            raise ConfigError(f"Unknown hook priority {priority!r}", hint=hint, key="priority")
        return int(names[priority.upper()])
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise ArgumentError(
            f"A priority is an int or a name, got {type(priority).__name__}: {priority!r}", key="priority"
        )
    if not 0 <= priority <= 100:
        raise ConfigError(f"A hook priority lies between 0 and 100, got {priority}", key="priority")
    return int(priority)
