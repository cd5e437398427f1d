"""TensorBoard."""

from __future__ import annotations

import logging
import numbers
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, plain


@VISBACKENDS.register_module()
class TensorboardVisBackend(BaseVisBackend):
    """Writes event files for TensorBoard.

    Args:
        save_dir: Folder for the event files.
    """

    def __init__(self, save_dir: str) -> None:
        super().__init__(save_dir)

    def _init_env(self) -> Any:
        optional_import("tensorboard", feature="TensorboardVisBackend", extra="tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(self._save_dir)

    def add_config(self, config: Any, **kwargs: Any) -> None:
        self.experiment.add_text("config", getattr(config, "pretty_text", repr(config)))

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.experiment.add_image(name, image, step, dataformats="HWC")

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        number = plain(value)
        if isinstance(number, numbers.Real):
            self.experiment.add_scalar(name, number, step)
        else:
            logging.getLogger("mmpretrain").warning(
                "TensorBoard takes numbers only: %s=%r is left out", name, value
            )

    def close(self) -> None:
        if self.is_open:
            self.experiment.close()
