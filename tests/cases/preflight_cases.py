"""What the tests of checks before a run share."""

from __future__ import annotations

from pathlib import Path

from mmpretrain.cli.checks import check_before_start
from mmpretrain.config import Config


def check(text: str, *splits: str) -> None:
    Path("cfg.py").write_text(text)
    check_before_start(Config.fromfile("cfg.py"), splits or ("train", "val"))
