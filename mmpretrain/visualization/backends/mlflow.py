"""MLflow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mmpretrain.registry import VISBACKENDS
from mmpretrain.utils.optional import optional_import
from mmpretrain.visualization.backends.base import BaseVisBackend, files_below, without_tensors

#: What a tracking server takes at once, and the longest value of a parameter.
PARAMS_AT_ONCE = 100
LONGEST_PARAM = 500


@VISBACKENDS.register_module()
class MLflowVisBackend(BaseVisBackend):
    """Sends everything to MLflow, by default to a store in ``save_dir``.

    Args:
        save_dir: Folder of the local store.
        exp_name: Name of the experiment.
        run_name: Name of the run.
        tags: Tags of the run.
        params: Parameters of the run, besides those of the config.
        tracking_uri: Where the store is, instead of ``save_dir``.
        artifact_suffix: Endings of files in the run's ``work_dir`` that are uploaded at the end.
        tracked_config_keys: Top-level keys of the config that become parameters; by default all.
        artifact_location: Where the experiment keeps uploaded files.
    """

    def __init__(
        self,
        save_dir: str,
        exp_name: str | None = None,
        run_name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        tracking_uri: str | None = None,
        artifact_suffix: str | Sequence[str] = (".json", ".log", ".py", "yaml"),
        tracked_config_keys: Sequence[str] | None = None,
        artifact_location: str | None = None,
    ) -> None:
        super().__init__(save_dir)
        self._exp_name = exp_name or "Default"
        self._run_name = run_name
        self._tags = tags
        self._params = params or {}
        self._tracking_uri = tracking_uri
        self._artifact_suffix = artifact_suffix
        self._tracked_config_keys = tracked_config_keys
        self._artifact_location = artifact_location
        self._work_dir: str | None = None

    def _init_env(self) -> Any:
        mlflow = optional_import("mlflow", feature="MLflowVisBackend", extra="mlflow")
        mlflow.set_tracking_uri(self._tracking_uri or self._local_store())
        if mlflow.get_experiment_by_name(self._exp_name) is None:
            mlflow.create_experiment(self._exp_name, artifact_location=self._artifact_location)
        mlflow.set_experiment(self._exp_name)
        mlflow.start_run(run_name=self._run_name, tags=dict(self._tags) if self._tags else None)
        self._log_params(mlflow, self._params)
        return mlflow

    def _local_store(self) -> str:
        folder = Path(self._save_dir or ".").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        # Since 3.x, MLflow opens stores that are plain folders on request only.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        return folder.as_uri()

    @staticmethod
    def _log_params(mlflow: Any, params: Mapping[str, Any]) -> None:
        items = ((key, str(value)[:LONGEST_PARAM]) for key, value in params.items())
        while chunk := dict(islice(items, PARAMS_AT_ONCE)):
            mlflow.log_params(chunk)

    def add_config(self, config: Any, **kwargs: Any) -> None:
        keys = self._tracked_config_keys
        tracked = config if keys is None else {key: config[key] for key in keys}
        self._log_params(self.experiment, dict(flatten(tracked)))
        self.experiment.log_text(getattr(config, "pretty_text", repr(config)), "config.py")
        self._work_dir = config.get("work_dir")

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.experiment.log_image(image, f"{name}_{step}.png")

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.experiment.log_metric(name, without_tensors(value), step)

    def add_scalars(
        self, scalar_dict: Mapping[str, Any], step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        self.experiment.log_metrics(without_tensors(scalar_dict), step)

    def close(self) -> None:
        if not self.is_open:
            return
        store = Path(self._save_dir or ".").absolute()
        for path in files_below(self._work_dir, self._artifact_suffix):
            if store not in path.absolute().parents:
                folder = path.parent.relative_to(str(self._work_dir)).as_posix()
                self.experiment.log_artifact(str(path), None if folder == "." else folder)
        self.experiment.end_run()


def flatten(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a nested config with dotted names; dicts in a list are numbered."""
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield from flatten({str(i): item for i, item in enumerate(value)}, f"{name}.")
        else:
            yield name, value
