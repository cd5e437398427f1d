"""What every backend of the visualizer can do."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def force_init_env(method: F) -> F:
    """Make a method of a backend open the backend first, if it is not open yet."""

    @functools.wraps(method)
    def wrapper(self: BaseVisBackend, *args: Any, **kwargs: Any) -> Any:
        self.open()
        return method(self, *args, **kwargs)

    return wrapper  # type: ignore[return-value]


class BaseVisBackend:
    """A place for numbers, pictures and configs; it is opened when the first of them comes.

    A subclass says in :meth:`_init_env` how to open it, and overrides the methods for what it can take.

    Args:
        save_dir: Folder for backends that write files.
    """

    def __init__(self, save_dir: str | None = None) -> None:
        self._save_dir = save_dir
        self._env_initialized = False
        self._experiment: Any = None

    def _init_env(self) -> Any:
        """Open the backend, and return the object to talk to."""
        raise NotImplementedError

    def open(self) -> None:
        """Open the backend, unless it is open."""
        if not self._env_initialized:
            self._env_initialized = True
            self._experiment = self._init_env()

    @property
    def experiment(self) -> Any:
        """The object of the backend's library, for what this interface does not offer."""
        self.open()
        return self._experiment

    @property
    def is_open(self) -> bool:
        """Whether anything has been recorded."""
        return self._env_initialized

    def add_config(self, config: Any, **kwargs: Any) -> None:
        """Record the config of the run."""

    def add_graph(self, model: Any, data_batch: Any, **kwargs: Any) -> None:
        """Record the graph of the model."""

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Record an image (H, W, 3), RGB."""

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Record a number."""

    def add_scalars(
        self, scalar_dict: Mapping[str, Any], step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        """Record several numbers of one step.

        Args:
            scalar_dict: The numbers by name.
            step: The step, for all of them.
            file_path: Name of a further file, for backends that write files.
            **kwargs: Passed on to :meth:`add_scalar`.
        """
        for name, value in scalar_dict.items():
            self.add_scalar(name, value, step, **kwargs)

    def close(self) -> None:
        """Flush and close the files."""


def without_tensors(value: Any) -> Any:
    """Return a number or a nest of containers without tensors, arrays and NumPy scalars."""
    if isinstance(value, Mapping):
        return {key: without_tensors(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_tensors(item) for item in value]
    if hasattr(value, "tolist"):  # a tensor, an array or a NumPy scalar
        return value.item() if math.prod(value.shape) == 1 else value.tolist()
    return value


def files_below(folder: str | Path | None, suffixes: str | Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder whose names end in one of ``suffixes``, sorted."""
    if folder is not None:
        endings = (suffixes,) if isinstance(suffixes, str) else tuple(suffixes)
        yield from (
            path for path in sorted(Path(folder).rglob("*")) if path.is_file() and path.name.endswith(endings)
        )
