"""Files of class folders, as modules of data sets ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mmpretrain.datasets.custom import find_files
from mmpretrain.utils.fileio import join


def get_samples(
    root: str, folder_to_idx: Mapping[str, int], is_valid_file: Callable[[str], bool], *args: Any
) -> tuple[list[tuple[str, int]], list[str]]:
    """Return the files of class folders.

    Args:
        root: The folder.
        folder_to_idx: Class folder -> label.
        is_valid_file: Whether a file counts.
        *args: Accepted for compatibility.

    Returns:
        Pairs of a path relative to ``root`` and a label, and the folders without any file.
    """
    samples: list[tuple[str, int]] = []
    empty = []
    for folder, label in sorted(folder_to_idx.items()):
        files = find_files(join(root, folder), is_valid_file)
        samples += [(join(folder, file), label) for file in files]
        empty += [] if files else [folder]
    return samples, empty
