"""A model by name in a new process, and the first line of help."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from quick.shared import timed

GET = "from mmpretrain import get_model; get_model('resnet18_8xb32_in1k', pretrained=False)"


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Start a Python for each figure."""

    def run(code: str) -> float:
        command = [sys.executable, "-W", "ignore", "-c", code]
        return timed(lambda: subprocess.run(command, check=True, capture_output=True, cwd=folder))

    return lambda: {"import": run("import mmpretrain"), "get_model": run(GET)}
