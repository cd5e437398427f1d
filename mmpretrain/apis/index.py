"""Listing the model zoo, and adding models to it."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mmpretrain.checkpoints import zoo
from mmpretrain.checkpoints.cache import cached
from mmpretrain.checkpoints.packages import find_in_package, is_in_package
from mmpretrain.checkpoints.zoo import ModelInfo
from mmpretrain.config.config import Config
from mmpretrain.errors import MissingFileError
from mmpretrain.registry import MODELS
from mmpretrain.utils.former import compat

_TYPES = re.compile(r"""type=['"]([\w.-]+)['"]""")
_FILES = re.compile(r"""['"]([^'":]+\.py)['"]""")


def list_models(
    pattern: str | None = None,
    exclude_patterns: str | Iterable[str] | None = None,
    task: str | None = None,
) -> list[str]:
    """Return the names of the models in the zoo.

    Args:
        pattern: What the names begin with; ``*`` and ``?`` stand for any characters, upper and lower case
            are the same.
        exclude_patterns: Patterns of names to leave out.
        task: Only models with a published result for this task, such as ``'Image Classification'``;
            ``'null'`` means those with no result.

    Example:
        >>> list_models('*swin-tiny*')
        ['swin-tiny_16xb64_in1k', ...]
    """
    excluded = [exclude_patterns] if isinstance(exclude_patterns, str) else list(exclude_patterns or ())
    entries = zoo.zoo()
    names = [name for name in entries if pattern is None or _matches(name, pattern)]
    names = [name for name in names if not any(_matches(name, other) for other in excluded)]
    if task == "null":
        names = [name for name in names if not entries[name].tasks]
    elif task is not None:
        names = [name for name in names if task in entries[name].tasks]
    return sorted(names)


def is_cached(name: str) -> bool:
    """Whether the published weights of a model of the zoo are on this machine."""
    weights = zoo.find_model(name).weights
    if weights is None:
        return False
    if is_in_package(weights):
        try:
            return find_in_package(weights).is_file()
        except MissingFileError:
            return False
    return cached(weights) is not None


def missing_parts(info: ModelInfo) -> frozenset[str]:
    """Return the components of a model of the zoo that are not implemented here yet."""
    absent = {name for name in compat("components").NOT_YET if not MODELS.declares(name)}
    if not absent & _types_in(info.config):  # most need not be loaded, which takes a hundred times as long
        return frozenset()
    return frozenset(absent & set(_types(Config.fromfile(info.config, import_custom_modules=False).model)))


def _types(cfg: Any) -> Iterator[str]:
    """All ``type`` names in a config."""
    if isinstance(cfg, Mapping):
        if isinstance(cfg.get("type"), str):
            yield cfg["type"]
        cfg = cfg.values()
    elif not isinstance(cfg, (list, tuple)):
        return
    for item in cfg:
        yield from _types(item)


@functools.cache
def _types_in(path: Path) -> frozenset[str]:
    """The ``type`` names in a config file, and in the files that it inherits from."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return frozenset()
    inherited = (_types_in(path.parent / name) for name in _FILES.findall(text))
    return frozenset(_TYPES.findall(text)).union(*inherited)


def _matches(name: str, pattern: str) -> bool:
    return fnmatch(name.lower(), pattern.lower() + "*")


@dataclass(frozen=True)
class Metadata:
    """Size of a model, under the names of 1.x."""

    flops: float | None
    parameters: float | None


@dataclass(frozen=True)
class HubEntry:
    """An entry of the zoo as :meth:`ModelHub.get` returns it.

    Args:
        info: The facts.
        config: The config, loaded.
    """

    info: ModelInfo
    config: Config

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    @property
    def weights(self) -> str | None:
        """Where its weights were published."""
        return self.info.weights

    @property
    def metadata(self) -> Metadata:
        """Its size."""
        return Metadata(self.info.flops, self.info.params)

    @property
    def in_collection(self) -> str:
        """The family that it belongs to."""
        return self.info.collection

    @property
    def results(self) -> list[dict[str, Any]]:
        """Published results: ``Task``, ``Dataset`` and ``Metrics`` of each."""
        return self.info.results


class ModelHub:
    """The zoo as 1.x users know it: entries by name, and a way to add the models of another project.

    Example:
        >>> ModelHub.register_model_index('my_project/model-index.yml')
        >>> model = mmpretrain.get_model('my_model', pretrained=True)
    """

    @classmethod
    def register_model_index(
        cls, model_index_path: str | os.PathLike[str], config_prefix: str | os.PathLike[str] | None = None
    ) -> None:
        """Add the models of an index file, so that they are found by name everywhere.

        Args:
            model_index_path: A ``model-index.yml`` or ``metafile.yml``.
            config_prefix: Folder that the paths of configs in it start from; by default the closest
                one above the file from which they lead to a config.

        Raises:
            ConfigError: If it is not an index of models, or a name in it is taken.
            MissingFileError: If the file, or a config that it names, is not there.
        """
        root = None if config_prefix is None else Path(config_prefix).expanduser()
        found = list(zoo.read_index(model_index_path, root))
        for info in found:
            if not info.config.is_file():
                raise MissingFileError(
                    f"The model {info.name!r} has no config file {str(info.config)!r}",
                    where=str(model_index_path),
                    hint="Give config_prefix, the folder that these paths start from.",
                )
        for info in found:
            zoo.add(info)

    @classmethod
    def has(cls, model_name: str) -> bool:
        """Whether there is a model of that name; upper and lower case are the same."""
        return zoo.has_model(model_name)

    @classmethod
    def get(cls, model_name: str) -> HubEntry:
        """Return the entry of that name, with its config.

        Raises:
            ConfigError: If there is none, with the closest names.
        """
        info = zoo.find_model(model_name)
        return HubEntry(info, Config.fromfile(info.config))
