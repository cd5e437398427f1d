"""The index of the model zoo: what each ``metafile.yml`` under ``configs/`` says."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from mmpretrain.errors import ConfigError
from mmpretrain.utils.resources import resource_root
from mmpretrain.utils.suggest import did_you_mean


@dataclass(frozen=True)
class ModelInfo:
    """An entry of the zoo.

    Args:
        name: Its name, as :func:`list_models` shows it.
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

    @property
    def tasks(self) -> set[str]:
        """The tasks that results were published for."""
        return {result["Task"] for result in self.results}


@functools.lru_cache(maxsize=1)
def zoo() -> dict[str, ModelInfo]:
    """Return all entries of the zoo by name."""
    root = resource_root()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times as fast
    entries: dict[str, ModelInfo] = {}
    for path in sorted((root / "configs").glob("*/metafile.yml")):
        for item in yaml.load(path.read_text(encoding="utf-8"), Loader=loader)["Models"]:
            meta = item.get("Metadata", {})
            entries[item["Name"]] = ModelInfo(
                name=item["Name"],
                collection=item["In Collection"],
                config=root / item["Config"],
                weights=item.get("Weights"),
                flops=meta.get("FLOPs"),
                params=meta.get("Parameters"),
                results=item.get("Results", []),
                downstream=item.get("Downstream", []),
            )
    return entries


@functools.cache
def _by_lower_name() -> dict[str, ModelInfo]:
    return {name.lower(): info for name, info in zoo().items()}


def has_model(name: str) -> bool:
    """Whether :func:`find_model` finds an entry."""
    return name.lower() in _by_lower_name()


def find_model(name: str) -> ModelInfo:
    """Return the entry of that name; upper and lower case are the same.

    Raises:
        ConfigError: If there is none, with the closest names.
    """
    try:
        return _by_lower_name()[name.lower()]
    except KeyError:
        hint = did_you_mean(name, zoo()) or "list_models() and `mmpretrain list` show all names."
        raise ConfigError(f"the model zoo has no model {name!r}", hint=hint) from None


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
    names = [name for name in zoo() if pattern is None or _matches(name, pattern)]
    names = [name for name in names if not any(_matches(name, other) for other in excluded)]
    if task == "null":
        names = [name for name in names if not zoo()[name].tasks]
    elif task is not None:
        names = [name for name in names if task in zoo()[name].tasks]
    return sorted(names)


def _matches(name: str, pattern: str) -> bool:
    return fnmatch(name.lower(), pattern.lower() + "*")
