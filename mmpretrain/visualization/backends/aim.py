"""Aim."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, without_tensors


@VISBACKENDS.register_module()
class AimVisBackend(BaseVisBackend):
    """Records everything in an Aim repository.

    Args:
        save_dir: Folder of the run; the experiment is named after it and the one above.
        init_kwargs: Arguments of ``aim.Run``.
    """

    def __init__(self, save_dir: str | None = None, init_kwargs: Mapping[str, Any] | None = None) -> None:
        super().__init__(save_dir)
        self._init_kwargs = dict(init_kwargs or {})
        if save_dir is not None:
            self._init_kwargs.setdefault("experiment", "_".join(Path(save_dir).parts[-2:]))

    def _init_env(self) -> Any:
        self._aim = optional_import("aim", feature="AimVisBackend")
        return self._aim.Run(**self._init_kwargs)

    def add_config(self, config: Any, **kwargs: Any) -> None:
        self.experiment["hparams"] = without_tensors(config)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        run = self.experiment
        run.track(name=name, value=self._aim.Image(image), step=step)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.experiment.track(name=name, value=without_tensors(value), step=step)

    def close(self) -> None:
        if self.is_open:
            self.experiment.close()
