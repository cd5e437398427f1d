"""Where a path that leads nowhere goes wrong."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

from mmpretrain.utils.suggest import did_you_mean

#: Most entries of a folder that are compared with a name; each costs about 10 us.
MOST = 200


def nearest(path: str) -> str:
    """Say which part of a local path exists, and which of the names there are like the one that does not."""
    here = Path(os.path.abspath(path))
    missing = here
    while not missing.parent.exists():
        missing = missing.parent
    parent = missing.parent
    if not parent.is_dir():
        return f"{parent} is no folder."
    known = (
        f"Its folder {parent} exists." if missing == here else f"The last part of it that exists is {parent}."
    )
    guess = did_you_mean(missing.name, _names_like(missing.name, parent))
    return f"{known} {guess}" if guess else known


def _names_like(name: str, folder: Path) -> list[str]:
    """Return names in a folder that differ from ``name`` in more than digits; none of a large folder."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, MOST + 1)]
    except OSError:  # a folder that may not be read
        return []
    numbered = re.sub(r"\d+", "0", name)
    if len(names) > MOST:
        return []
    return sorted(each for each in names if each[0] != "." and re.sub(r"\d+", "0", each) != numbered)
