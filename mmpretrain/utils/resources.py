"""Files that travel with the package: the zoo's configs and the old command names."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def resource_root() -> Path:
    """Return the folder with ``configs/`` and ``tools/``: ``.mim`` in a wheel, else the checkout."""
    installed = _PACKAGE / ".mim"
    return installed if installed.is_dir() else _PACKAGE.parent
