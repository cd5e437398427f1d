"""DVCLive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, files_below, without_tensors


@VISBACKENDS.register_module()
class DVCLiveVisBackend(BaseVisBackend):
    """Records everything as a DVC experiment.

    Args:
        save_dir: Folder for its files.
        artifact_suffix: Endings of files in ``save_dir`` that are tracked at the end.
        init_kwargs: Arguments of ``dvclive.Live``.
    """

    def __init__(
        self,
        save_dir: str,
        artifact_suffix: str | Sequence[str] = (".json", ".py", "yaml"),
        init_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(save_dir)
        self._artifact_suffix = artifact_suffix
        defaults = {"dir": save_dir, "save_dvc_exp": True, "cache_images": True}
        self._init_kwargs = {**defaults, **(init_kwargs or {})}

    def _init_env(self) -> Any:
        return optional_import("dvclive", feature="DVCLiveVisBackend").Live(**self._init_kwargs)

    def add_config(self, config: Any, **kwargs: Any) -> None:
        self.experiment.log_params(without_tensors(config))

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.experiment.log_image(f"{name}.png", image)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.experiment.step = step
        self.experiment.log_metric(name, without_tensors(value))

    def close(self) -> None:
        if not self.is_open:
            return
        for path in files_below(self._save_dir, self._artifact_suffix):
            self.experiment.log_artifact(str(path))
        self.experiment.end()
