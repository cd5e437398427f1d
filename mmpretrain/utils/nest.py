"""Nests of containers that hold tensors, as state dicts are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

#: The keys and positions that lead to a place in a nest.
Path = tuple[Any, ...]


def map_tensors(state: Any, function: Callable[[Tensor, Path], Any], path: Path = ()) -> Any:
    """Copy a nest of dicts, lists and tuples with the results of a function in place of its tensors.

    Args:
        state: The nest.
        function: Gets each tensor and its place.
        path: The place of ``state`` itself.
    """
    if isinstance(state, Tensor):
        return function(state, path)
    if isinstance(state, dict):
        copy = type(state)((key, map_tensors(item, function, (*path, key))) for key, item in state.items())
        if hasattr(state, "_metadata"):  # versions of modules, which `load_state_dict` reads
            copy._metadata = state._metadata  # type: ignore[attr-defined]
        return copy
    if isinstance(state, (list, tuple)):
        return type(state)(map_tensors(item, function, (*path, i)) for i, item in enumerate(state))
    return state
