"""Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, without_tensors


@VISBACKENDS.register_module()
class WandbVisBackend(BaseVisBackend):
    """Sends everything to Weights & Biases, or with ``init_kwargs=dict(mode='offline')`` to a folder.

    Args:
        save_dir: Folder for its files.
        init_kwargs: Arguments of ``wandb.init``.
        define_metric_cfg: ``{metric: summary}``, or a list of arguments of ``wandb.define_metric``.
        commit: Whether each record ends a step.
        log_code_name: Name of the artifact with the source code.
        watch_kwargs: Arguments of ``wandb.watch``.
    """

    def __init__(
        self,
        save_dir: str,
        init_kwargs: Mapping[str, Any] | None = None,
        define_metric_cfg: Mapping[str, str] | Sequence[Mapping[str, Any]] | None = None,
        commit: bool | None = True,
        log_code_name: str | None = None,
        watch_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(save_dir)
        self._init_kwargs = {"dir": save_dir, **(init_kwargs or {})}
        if isinstance(define_metric_cfg, Mapping):
            define_metric_cfg = [{"name": k, "summary": v} for k, v in define_metric_cfg.items()]
        self._metrics = define_metric_cfg or []
        self._commit = commit
        self._log_code_name = log_code_name
        self._watch_kwargs = watch_kwargs or {}

    def _init_env(self) -> Any:
        wandb = optional_import("wandb", feature="WandbVisBackend", extra="wandb")
        Path(self._init_kwargs["dir"]).mkdir(parents=True, exist_ok=True)
        wandb.init(**self._init_kwargs)
        for metric in self._metrics:
            wandb.define_metric(**metric)
        return wandb

    def add_config(self, config: Any, **kwargs: Any) -> None:
        wandb = self.experiment
        allow = self._init_kwargs.get("allow_val_change", False)
        wandb.config.update(without_tensors(config), allow_val_change=allow)
        wandb.run.log_code(name=self._log_code_name)

    def add_graph(self, model: Any, data_batch: Any, **kwargs: Any) -> None:
        self.experiment.watch(model, **self._watch_kwargs)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        wandb = self.experiment
        wandb.log({name: wandb.Image(image)}, commit=self._commit)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.experiment.log({name: without_tensors(value)}, commit=self._commit)

    def add_scalars(
        self, scalar_dict: Mapping[str, Any], step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        self.experiment.log(without_tensors(scalar_dict), commit=self._commit)

    def close(self) -> None:
        if self.is_open:
            self.experiment.finish()
