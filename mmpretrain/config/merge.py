"""How a child config changes its base, and how options change a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from mmpretrain.config.source import join_path
from mmpretrain.config.tracked import TrackedDict, raw, raw_items, rebuild, sources_of
from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief

DELETE = "_delete_"
_T = TypeVar("_T", bound=TrackedDict)


def merge_into(base: TrackedDict, child: Mapping[Any, Any], *, list_keys: bool = False) -> None:
    """Merge ``child`` into ``base``.

    Dicts are merged key by key, everything else is replaced. A dict with ``_delete_=True`` replaces the
    base's dict as a whole.

    Args:
        base: Changed in place.
        child: The node that wins.
        list_keys: Let ``{'1': {...}}`` change item 1 of a list or tuple.

    Raises:
        ConfigError: If a dict is to be merged into something that is not one.
    """
    known = sources_of(child)
    for key, value in raw_items(child):
        source = known.get(key)
        if isinstance(value, dict):
            old = raw(base, key) if key in base else None
            if dict.get(value, DELETE):
                value = without_delete(value, type(base))
            elif isinstance(old, TrackedDict):
                merge_into(old, value, list_keys=list_keys)
                continue
            elif list_keys and isinstance(old, (list, tuple)):
                value = _merge_list(old, value, join_path(base._path_, key), type(base))
            elif old is not None:
                path = join_path(base._path_, key)
                raise ConfigError(
                    f"{path} is a dict here, but {brief(old)} in the base config",
                    where=path if source is None else str(source._replace(path=path)),
                    hint=f"Add {DELETE}=True to the dict to replace the base's value.",
                )
        base.assign(key, value, source)


def without_delete(node: dict[Any, Any], kind: type[_T]) -> _T:
    """Return the items of a node without its ``_delete_`` marker, as a node of that kind."""
    items = {key: value for key, value in raw_items(node) if key != DELETE}
    known = sources_of(node)
    return rebuild(kind, items, {key: known[key] for key in items if key in known}, "")


def _merge_list(
    old: list[Any] | tuple[Any, ...], changes: dict[Any, Any], path: str, kind: type[TrackedDict]
) -> list[Any] | tuple[Any, ...]:
    new = list(old)
    known = sources_of(changes)
    for key, value in raw_items(changes):
        where = str(known[key]._replace(path=path)) if key in known else path
        try:
            index = int(key)
        except (ValueError, TypeError):
            raise ConfigError(f"{path} is a list: {brief(key)} is no index into it", where=where) from None
        if not -len(new) <= index < len(new):
            raise ConfigError(f"{path} has {len(new)} items, so there is no item {index}", where=where)
        item = new[index]
        if isinstance(item, TrackedDict) and isinstance(value, dict) and not dict.get(value, DELETE):
            merge_into(item, value, list_keys=True)
        elif isinstance(item, (list, tuple)) and isinstance(value, dict):
            new[index] = _merge_list(item, value, f"{path}.{index}", kind)
        else:
            new[index] = without_delete(value, kind) if isinstance(value, dict) else value
    return type(old)(new)
