"""Config files of the zoo under the names that they had in MMClassification 0.x."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

#: Folders of the first versions, which were named after the data set.
_FOLDERS = {"imagenet": "in1k", "cifar10": "cifar10", "cifar100": "cifar100", "cub": "cub"}
#: The first versions gave the batch of all devices.
_BATCHES = {"128": "8xb16", "256": "8xb32", "1024": "16xb64", "2048": "32xb64"}


def name_today(path: Path, configs: Mapping[str, Path]) -> Path | None:
    """Return the config of the zoo that had another name once.

    Args:
        path: What a user asks for, such as ``configs/resnet/resnet50_b32x8_imagenet.py``.
        configs: The zoo's configs by name.

    Returns:
        Its path; None if that cannot be told.
    """
    name = re.sub(r"_batch(\d+)", lambda found: f"_{_BATCHES.get(found[1], '')}", path.stem)
    name = re.sub(r"_b(\d+)x(\d+)", r"_\2xb\1", name)
    name = re.sub(r"imagenet$", "in1k", name)
    if name == path.stem:
        return None
    if not name.endswith(tuple(_FOLDERS.values())):
        name += _FOLDERS.get(path.parent.name, "")
    found = [config for stem, config in configs.items() if _letters(stem) == _letters(name)]
    return found[0] if len(found) == 1 else None


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
