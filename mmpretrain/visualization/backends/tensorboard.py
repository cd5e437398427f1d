"""TensorBoard."""

from __future__ import annotations

import errno
import io
import logging
import numbers
import os
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, without_tensors


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

        writer: Any = SummaryWriter(self._save_dir)
        events = writer.file_writer.event_writer
        if os.path.isfile(events._file_name):
            events._async_writer.close()
            events._async_writer = _EventFile(Path(events._file_name))
        return writer

    def add_config(self, config: Any, **kwargs: Any) -> None:
        self.experiment.add_text("config", getattr(config, "pretty_text", repr(config)))

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.experiment.add_image(name, image, step, dataformats="HWC")

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        number = without_tensors(value)
        if isinstance(number, numbers.Real):
            self.experiment.add_scalar(name, number, step)
        else:
            logging.getLogger("mmpretrain").warning(
                "TensorBoard takes numbers only: %s=%r is left out", name, value
            )

    def close(self) -> None:
        if self.is_open:
            self.experiment.close()


class _EventFile:
    """Writes events at once, in place of TensorBoard's thread, which one failed write ends for good.

    Args:
        path: The event file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, event: bytes) -> None:
        """Append an event, or nothing: readers stop at half of one."""
        from tensorboard.summary.writer.record_writer import RecordWriter

        record = io.BytesIO()
        RecordWriter(record).write(event)
        size = os.fstat(self._file.fileno()).st_size
        if self._file.write(record.getbuffer()) < record.tell():
            self._file.truncate(size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()
