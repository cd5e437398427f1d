"""Numbers of bytes as people write them."""

from __future__ import annotations

import re

from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{unit}i": 2 ** (10 * power) for power, unit in enumerate("kmgt", 1)}


def parse_size(value: str | int, key: str | None = None) -> int:
    """Return the bytes that ``'4GB'``, ``'512 MiB'`` or a number stand for.

    Args:
        value: The size.
        key: The option or config key that gives it, for messages.

    Raises:
        ConfigError: If it is no size, or less than one byte.
    """
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?i?)b?\s*", str(value).lower())
    if isinstance(value, bool) or match is None or match[2] not in _UNITS:
        raise ConfigError(
            f"{brief(value)} is no size", hint="Write a number of bytes, or 500MB, 4GB.", key=key
        )
    size = int(float(match[1]) * _UNITS[match[2]])
    if size < 1:
        raise ConfigError(f"{brief(value)} is less than one byte", key=key)
    return size


def show_size(size: float) -> str:
    """Write a number of bytes with a unit: ``'1.2 GB'``."""
    unit = "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
