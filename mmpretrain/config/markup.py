"""Reading configs that are YAML or JSON files, with the line of each key."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import Any

from mmpretrain.config.bounds import check_bounds
from mmpretrain.config.source import Source, short_path
from mmpretrain.config.template import fill_base_variables, has_base_variable
from mmpretrain.config.tracked import TrackedDict, raw_items, rebuild
from mmpretrain.errors import ConfigError


def read_yaml(text: str, file: str) -> TrackedDict:
    """Parse YAML.

    Raises:
        ConfigError: If it is not valid, or not a mapping.
    """
    from mmpretrain.config.yaml_format import parse  # most configs are Python

    values = parse(text, file)
    check_bounds(values, short_path(file))
    return _checked(TrackedDict() if values is None else values, file)


def read_json(text: str, file: str) -> TrackedDict:
    """Parse JSON.

    Raises:
        ConfigError: If it is not valid, or not an object.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"This is not valid JSON: {error.msg}", where=f"{short_path(file)}:{error.lineno}"
        ) from error
    except RecursionError as error:
        raise ConfigError("This is nested too deeply for JSON", where=short_path(file)) from error
    except ValueError as error:  # a number with thousands of digits
        raise ConfigError(f"This JSON cannot be read: {error}", where=short_path(file)) from error
    check_bounds(values, short_path(file))
    # The JSON parser reports no lines. Almost all JSON is a Python expression, whose parser does.
    return _checked(_with_lines(values, ast.parse(f"(\n{text}\n)", mode="eval").body, file), file)


def _with_lines(value: Any, place: ast.expr, file: str) -> Any:
    if isinstance(value, dict) and isinstance(place, ast.Dict):
        # Both keep the first position of a repeated key; the texts of keys may differ in their escapes.
        keys = {key.value: key for key in place.keys if isinstance(key, ast.Constant)}.values()
        below = {
            key.value: item for key, item in zip(place.keys, place.values) if isinstance(key, ast.Constant)
        }
        items = {}
        sources = {}
        for (key, item), name in zip(value.items(), keys):
            items[key] = _with_lines(item, below[name.value], file)
            sources[key] = Source(file, name.lineno - 1)
        return rebuild(TrackedDict, items, sources, "")
    if isinstance(value, list) and isinstance(place, ast.List):
        return [_with_lines(item, below, file) for item, below in zip(value, place.elts)]
    return value


def _checked(values: Any, file: str) -> TrackedDict:
    if not isinstance(values, TrackedDict):
        raise ConfigError(
            f"A config is a mapping of keys to values, got {type(values).__name__}", where=short_path(file)
        )
    return values


def fill(value: Any, base: Any, file: str) -> Any:
    """Replace ``{{ _base_.x }}`` in the keys and strings of a parsed file."""
    if isinstance(value, TrackedDict):
        items = {}
        sources = {}
        for key, item in raw_items(value):
            source = value._sources_.get(key)
            where = source.place if source is not None else short_path(file)
            new = fill_base_variables(key, base, where) if _is_template(key) else key
            items[new] = (
                fill_base_variables(item, base, where) if _is_template(item) else fill(item, base, file)
            )
            if source is not None:
                sources[new] = source
        return rebuild(TrackedDict, items, sources, "")
    if isinstance(value, (list, tuple)):
        return type(value)(
            fill_base_variables(item, base, short_path(file))
            if _is_template(item)
            else fill(item, base, file)
            for item in value
        )
    return value


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and has_base_variable(value)


READERS: dict[str, Callable[[str, str], TrackedDict]] = {
    ".json": read_json,
    ".yaml": read_yaml,
    ".yml": read_yaml,
}
