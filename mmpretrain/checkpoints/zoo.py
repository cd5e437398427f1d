"""The index of the model zoo: what each ``metafile.yml`` under ``configs/`` says, and what users add."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.utils.resources import resource_root
from mmpretrain.utils.suggest import did_you_mean

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelInfo:
    """An entry of the zoo.

    Args:
        name: Its name, as :func:`mmpretrain.list_models` shows it.
        collection: The family that it belongs to, such as ``'Swin-Transformer'``.
        config: Its config file.
        weights: Where its weights were published.
        flops: Multiply-adds of a forward pass.
        params: Number of parameters.
        results: Published results: ``Task``, ``Dataset`` and ``Metrics`` of each.
        downstream: Names of models that were fine-tuned from this one.
    """

    name: str
    collection: str
    config: Path
    weights: str | None = None
    flops: float | None = None
    params: float | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    downstream: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, item: Any, root: Path) -> ModelInfo:
        """Read an entry of a metafile; facts that are not as they should be count as not stated.

        Args:
            item: The entry.
            root: Folder that the path of its config starts from.

        Raises:
            ValueError: If it has no name or no config.
        """
        if not isinstance(item, Mapping):
            raise ValueError(f"an entry of 'Models' is {item!r}, and not a mapping")
        name, config, weights = (item.get(key) for key in ("Name", "Config", "Weights"))
        for key, value in (("Name", name), ("Config", config)):
            if not isinstance(value, str) or not value:
                raise ValueError(f"the entry {name!r} of 'Models' has no {key!r}")
        meta = item.get("Metadata")
        meta = meta if isinstance(meta, Mapping) else {}
        return cls(
            name=str(name),
            collection=str(item.get("In Collection") or ""),
            config=root / str(config),
            weights=weights if isinstance(weights, str) and weights else None,
            flops=_number(meta.get("FLOPs")),
            params=_number(meta.get("Parameters")),
            results=[_result(result) for result in _list(item.get("Results")) if isinstance(result, Mapping)],
            downstream=[str(other) for other in _list(item.get("Downstream"))],
        )

    @property
    def tasks(self) -> set[str]:
        """The tasks that results were published for."""
        return {result["Task"] for result in self.results if result["Task"]}

    def metric(self, name: str) -> tuple[float | None, str]:
        """Return the first published value of a metric, and the data set that it was measured on."""
        for result in self.results:
            value = _number(result["Metrics"].get(name))
            if value is not None:
                return value, result["Dataset"]
        return None, ""


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    metrics = result.get("Metrics")
    return {
        "Task": str(result.get("Task") or ""),
        "Dataset": str(result.get("Dataset") or ""),
        "Metrics": dict(metrics) if isinstance(metrics, Mapping) else {},
    }


# -- reading -------------------------------------------------------------------------------------------


def read_index(path: str | os.PathLike[str], root: Path | None = None) -> Iterator[ModelInfo]:
    """Yield the models of a ``metafile.yml`` or ``model-index.yml``, and of the files that it imports.

    Args:
        path: The file.
        root: Folder that the paths of configs start from; by default the closest one above the file from
            which they lead to a config.

    Raises:
        MissingFileError: If there is no such file.
        ConfigError: If it is not an index of models.
    """
    yield from _read_index(Path(path).expanduser(), root, ())


def _read_index(path: Path, root: Path | None, importers: tuple[Path, ...]) -> Iterator[ModelInfo]:
    if path.resolve() in importers:
        raise ConfigError("this index of models imports itself", where=str(path))
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times as fast
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except OSError as error:
        raise MissingFileError(
            f"The index of models {str(path)!r} cannot be read: {error.strerror}"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"this is not YAML ({' '.join(str(error).split())})", where=str(path)) from error
    if not isinstance(content, Mapping):
        raise ConfigError("this is not an index of models: it has neither Models nor Import", where=str(path))
    for name in _list(content.get("Import")):
        yield from _read_index(path.parent / str(name), root, (*importers, path.resolve()))
    for item in _list(content.get("Models")):
        try:
            info = ModelInfo.parse(item, root or path.parent)
        except ValueError as error:
            raise ConfigError(str(error), where=str(path)) from error
        if root is None and not info.config.is_file():
            above = (folder / item["Config"] for folder in path.absolute().parents)
            info = replace(info, config=next(filter(Path.is_file, above), info.config))
        yield info


@functools.lru_cache(maxsize=1)
def _shipped() -> dict[str, ModelInfo]:
    root = resource_root()
    entries: dict[str, ModelInfo] = {}
    for path in sorted((root / "configs").glob("*/metafile.yml")):
        try:
            entries.update((info.name, info) for info in read_index(path, root))
        except ConfigError as error:  # one bad file must not take the others away
            logger.warning("%s", error)
    return entries


# -- looking up ----------------------------------------------------------------------------------------

#: What users have added, by lower-case name.
_added: dict[str, ModelInfo] = {}


def add(info: ModelInfo) -> None:
    """Add an entry to the zoo.

    Raises:
        ConfigError: If there is one of that name.
    """
    if info.name.lower() in _added or info.name.lower() in _by_lower_name():
        raise ConfigError(f"the model zoo already has a model {info.name!r}", where=str(info.config))
    _added[info.name.lower()] = info


def zoo() -> dict[str, ModelInfo]:
    """Return all entries of the zoo by name."""
    return {**_shipped(), **{info.name: info for info in _added.values()}} if _added else _shipped()


@functools.lru_cache(maxsize=1)
def _by_lower_name() -> dict[str, ModelInfo]:
    return {name.lower(): info for name, info in _shipped().items()}


@functools.lru_cache(maxsize=1)
def _by_short_name() -> dict[str, ModelInfo]:
    """Classifiers by what their name has before the first ``_``, if one with weights has that alone."""
    found: dict[str, list[ModelInfo]] = {}
    for name, info in _by_lower_name().items():
        if info.weights is not None and "Image Classification" in info.tasks:
            found.setdefault(name.partition("_")[0], []).append(info)
    return {short: infos[0] for short, infos in found.items() if len(infos) == 1}


def has_model(name: str) -> bool:
    """Whether :func:`find_model` finds an entry."""
    return _find(name.lower()) is not None


def find_model(name: str) -> ModelInfo:
    """Return the entry of that name; upper and lower case are the same.

    ``efficientnet-lite0`` stands for ``efficientnet-lite0_3rdparty_in1k``, as no other classifier with
    published weights begins so.

    Raises:
        ConfigError: If there is none, with the closest names.
    """
    info = _find(name.lower())
    if info is None:
        hint = did_you_mean(name, zoo()) or "list_models() and `mmpretrain list` show all names."
        raise ConfigError(f"the model zoo has no model {name!r}", hint=hint)
    return info


def _find(name: str) -> ModelInfo | None:
    return _added.get(name) or _by_lower_name().get(name) or _by_short_name().get(name)
