"""Where a path that leads nowhere goes wrong."""

from __future__ import annotations

import os
from pathlib import Path


def nearest(path: str) -> str:
    """Say which part of a local path exists."""
    here = Path(os.path.abspath(path))
    parent = next(folder for folder in here.parents if folder.exists())
    if parent == here.parent:
        return f"Its folder {parent} exists."
    return f"The last part of it that exists is {parent}."
