"""Finding packed data sets on the disk."""

from __future__ import annotations

import os

from mmpretrain.datasets.packed.layout import INDEX, SETTINGS
from mmpretrain.errors import MissingFileError

SPLITS = ("train", "val", "test")


def packed_splits(folder: str) -> tuple[str, ...]:
    """The splits of a packed data set, ``('',)`` for the folder of one split; none for anything else."""
    if os.path.isfile(os.path.join(folder, INDEX)):
        return ("",)
    return tuple(split for split in SPLITS if os.path.isfile(os.path.join(folder, split, INDEX)))


def unfinished_splits(folder: str) -> tuple[str, ...]:
    """The splits whose packing was interrupted, or did not begin: packing makes all their folders first."""
    present = packed_splits(folder)
    if present == ("",):
        return ()

    def is_unfinished(split: str) -> bool:
        place = os.path.join(folder, split)
        begun = os.path.isfile(os.path.join(place, SETTINGS)) or (bool(present) and os.path.isdir(place))
        return begun and split not in present

    return tuple(filter(is_unfinished, SPLITS))


def explain_absence(folder: str, split: str, error: MissingFileError) -> MissingFileError:
    """Say why a split has no index."""
    present = packed_splits(folder)
    if split in present:  # it has an index, and lacks something else
        return error
    if split in unfinished_splits(folder):
        hint = "Its packing was interrupted: give the same `mmpretrain pack` command again, which goes on."
    elif present == ("",):
        hint = "This is the folder of a split: set split=''."
    elif present:
        hint = f"The packed data set has {', '.join(present)}."
    else:
        hint = "Pack your data with `mmpretrain pack DATA OUT`."
    return MissingFileError(f"There is no packed data at {os.path.join(folder, split)!r}", hint=hint)
