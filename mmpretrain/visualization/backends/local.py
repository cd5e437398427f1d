"""Files on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from mmpretrain.errors import ConfigError
from mmpretrain.registry import VISBACKENDS
from mmpretrain.visualization.backends.base import BaseVisBackend, without_tensors


@VISBACKENDS.register_module()
class LocalVisBackend(BaseVisBackend):
    """Writes numbers as lines of JSON, pictures as PNG and the config as Python.

    Args:
        save_dir: Folder for all of it.
        img_save_dir: Folder for pictures in ``save_dir``.
        config_save_file: Name of the config, ending in ``.py``.
        scalar_save_file: Name of the file for numbers, ending in ``.json``.
    """

    def __init__(
        self,
        save_dir: str,
        img_save_dir: str = "vis_image",
        config_save_file: str = "config.py",
        scalar_save_file: str = "scalars.json",
    ) -> None:
        for name, suffix in ((config_save_file, ".py"), (scalar_save_file, ".json")):
            if not name.endswith(suffix):
                raise ConfigError(f"LocalVisBackend: {name!r} must end in {suffix!r}")
        super().__init__(save_dir)
        folder = Path(save_dir)
        self._img_save_dir = folder / img_save_dir
        self._config_save_file = folder / config_save_file
        self._scalar_save_file = folder / scalar_save_file
        self._files: dict[str, TextIO] = {}

    def _init_env(self) -> LocalVisBackend:
        self._scalar_save_file.parent.mkdir(parents=True, exist_ok=True)
        return self

    def add_config(self, config: Any, **kwargs: Any) -> None:
        self.open()
        text = getattr(config, "pretty_text", None)
        self._config_save_file.write_text(repr(config) if text is None else text, encoding="utf-8")

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        if image.dtype != np.uint8:
            raise TypeError(f"An image is an array of uint8, got {image.dtype}")
        self.open()
        path = self._img_save_dir / f"{name}_{step}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self._append(self._scalar_save_file.name, _line({name: value, "step": step}))

    def add_scalars(
        self, scalar_dict: Mapping[str, Any], step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        line = _line({**scalar_dict, "step": scalar_dict.get("step", step)})
        if file_path == self._scalar_save_file.name:
            raise ConfigError(
                f"file_path must differ from {file_path!r}, which gets the numbers anyway", key="file_path"
            )
        if file_path is not None:
            self._append(file_path, line)
        self._append(self._scalar_save_file.name, line)

    def close(self) -> None:
        """Close the files; a further number opens them again."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _append(self, name: str, line: str) -> None:
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = self._open(name)
        file.write(line)
        file.flush()  # a run that is killed keeps its numbers

    def _open(self, name: str) -> TextIO:
        if not name.endswith(".json"):
            raise ConfigError(f"file_path must end in '.json', got {name!r}", key="file_path")
        self.open()
        return (self._scalar_save_file.parent / name).open("a", encoding="utf-8")


_encode = json.JSONEncoder(default=without_tensors).encode


def _line(record: Mapping[str, Any]) -> str:
    return _encode(record) + "\n"
