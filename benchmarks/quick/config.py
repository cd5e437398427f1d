"""Reading the configs of a few families of the zoo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from quick.shared import timed

FAMILIES = ("resnet", "swin_transformer", "vision_transformer", "convnext")


def setup(library: str, folder: Path) -> Callable[[], dict[str, float]]:
    """Read with the Config of the library."""
    config: Any
    if library == "mmpretrain-1":
        from mmengine.config import Config as config  # type: ignore[import-not-found]
    else:
        from mmpretrain.config import Config as config
        from mmpretrain.config.python import compile_config
    zoo = Path(__file__).parents[2] / "configs"
    files = [str(path) for family in FAMILIES for path in sorted((zoo / family).glob("*.py"))]

    def read() -> None:
        if library != "mmpretrain-1":
            compile_config.cache_clear()
        for file in files:
            config.fromfile(file, import_custom_modules=False)

    return lambda: {"a config": timed(read) / len(files)}
