"""ClearML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, files_below, without_tensors


@VISBACKENDS.register_module()
class ClearMLVisBackend(BaseVisBackend):
    """Sends everything to ClearML.

    Args:
        save_dir: Not used.
        init_kwargs: Arguments of ``clearml.Task.init``.
        artifact_suffix: Endings of files in the run's ``work_dir`` that are uploaded at the end.
    """

    def __init__(
        self,
        save_dir: str | None = None,
        init_kwargs: Mapping[str, Any] | None = None,
        artifact_suffix: str | Sequence[str] = (".py", ".pth"),
    ) -> None:
        super().__init__(save_dir)
        self._init_kwargs = init_kwargs or {}
        self._artifact_suffix = artifact_suffix
        self._work_dir: str | None = None

    def _init_env(self) -> Any:
        clearml = optional_import("clearml", feature="ClearMLVisBackend")
        self._task = clearml.Task.init(**self._init_kwargs)
        self._logger = self._task.get_logger()
        return clearml

    def add_config(self, config: Any, **kwargs: Any) -> None:
        self.open()
        self._task.connect_configuration(without_tensors(config))
        self._work_dir = config.get("work_dir")

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.open()
        self._logger.report_image(title=name, series=name, iteration=step, image=image)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.open()
        self._logger.report_scalar(title=name, series=name, value=without_tensors(value), iteration=step)

    def close(self) -> None:
        if not self.is_open:
            return
        for path in files_below(self._work_dir, self._artifact_suffix):
            self._task.upload_artifact(path.name, str(path))
        self._task.close()
