"""Data sets of MMClassification 0.x: ``evaluate`` and ``get_classes``.

``load_annotations`` is known to every data set.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.compat.evaluation.results import let_evaluate
from mmpretrain.compat.protocols.usage import is_used
from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.errors import ConfigError

#: Misspelt names of methods, with which annotations would never be read.
_MEANT = {"load_annotation": "load_annotations", "load_datalist": "load_data_list"}


def adapt(cls: type) -> None:
    """Let methods of 0.x be called.

    Raises:
        ConfigError: If the class has a method that nothing would ever call.
    """
    for name, meant in _MEANT.items():
        if name in vars(cls) and not hasattr(cls, meant) and not is_used(cls, name):
            raise ConfigError(
                f"{cls.__name__}.{name} would never be called", hint=f"Rename it to {meant}.", key=name
            )
    if not issubclass(cls, BaseDataset):
        return
    if "evaluate" in vars(cls):
        let_evaluate()
    if "get_classes" in vars(cls) and "_with_classes" not in vars(cls):
        cls._with_classes = classmethod(_by_get_classes)  # type: ignore[attr-defined]


def _by_get_classes(
    cls: Any, metainfo: Mapping[str, Any] | None, classes: str | Sequence[str] | None
) -> dict[str, Any]:
    names = cls.get_classes(classes) if "classes" in inspect.signature(cls.get_classes).parameters else None
    if names is None and classes is None:
        names = cls.get_classes() if not inspect.signature(cls.get_classes).parameters else None
    return {**({} if names is None else {"classes": tuple(names)}), **(metainfo or {})}
