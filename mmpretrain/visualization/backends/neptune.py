"""Neptune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, without_tensors


@VISBACKENDS.register_module()
class NeptuneVisBackend(BaseVisBackend):
    """Sends everything to Neptune; without ``init_kwargs``, to a folder (offline mode).

    Args:
        save_dir: Not used.
        init_kwargs: Arguments of ``neptune.init_run``.
    """

    def __init__(self, save_dir: str | None = None, init_kwargs: Mapping[str, Any] | None = None) -> None:
        super().__init__(save_dir)
        self._init_kwargs = {"mode": "offline"} if init_kwargs is None else init_kwargs

    def _init_env(self) -> Any:
        neptune = optional_import("neptune", feature="NeptuneVisBackend")
        self._file = optional_import("neptune.types", feature="NeptuneVisBackend").File
        return neptune.init_run(**self._init_kwargs)

    def add_config(self, config: Any, **kwargs: Any) -> None:
        run = self.experiment
        run["config"].upload(self._file.from_content(getattr(config, "pretty_text", repr(config))))

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        run = self.experiment
        run["images"].append(self._file.as_image(image.astype(np.float32) / 255), name=name, step=step)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.experiment[name].append(without_tensors(value), step=step)

    def close(self) -> None:
        if self.is_open:
            self.experiment.stop()
