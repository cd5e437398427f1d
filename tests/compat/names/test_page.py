"""Tests of :mod:`mmpretrain.compat.names.page`."""

from __future__ import annotations

import re
from pathlib import Path

import mmpretrain


def test_the_page_promises_what_is_there():
    from mmpretrain.compat.names.page import TITLES, counts

    text = (Path(mmpretrain.__file__).parents[1] / "docs" / "old_names.md").read_text()
    for package in TITLES:
        (names,) = re.findall(rf"\(`{package}`\) \| \d+ \| (\d+) of", text)
        assert counts(package)[1] >= int(names)


def test_the_page_lists_what_is_missing():
    """Of MMEngine and MMCV exactly; of the others what was missing when it was generated, or less."""
    from mmpretrain.compat.names.page import page

    text = (Path(mmpretrain.__file__).parents[1] / "docs" / "old_names.md").read_text()
    lines = {line for line in text.splitlines() if line.startswith(("- `mmcv", "- `mmengine"))}
    assert lines == {line for line in page().splitlines() if line.startswith(("- `mmcv", "- `mmengine"))}
