"""Configs as text: Python, YAML or JSON."""

from __future__ import annotations

import json
import keyword
import math
from collections.abc import Mapping
from typing import Any

from mmpretrain.config.plain import Plain
from mmpretrain.config.tracked import raw_items

WIDTH = 100
#: Longest one-line value that has dicts in it.
NESTED_WIDTH = 60


#: Names that the written text itself uses: assigned last, so that the lines above still can.
_USED = ("set", "float", "globals", "dict")


def to_python(values: Mapping[Any, Any]) -> str:
    """Write a config as Python: one assignment per key, nested values broken where they are long."""
    blocks = []
    plain = Plain("Python").tree(values)
    items = [(key, value) for key, value in plain.items() if key not in _USED]
    items += [(key, plain[key]) for key in _USED if key in plain]
    for key, value in items:
        name = str(key)
        target = f"{name} = " if _is_name(key) else f"globals()[{key!r}] = "
        blocks.append(f"{target}{format_value(value, len(target))}\n")
    return "".join(blocks)


def format_value(value: Any, used: int = 0, indent: int = 0) -> str:
    """Write one value.

    Args:
        value: The value.
        used: How much of the line is taken already.
        indent: Indentation of the line that it starts on.
    """
    line = _one_line(value)
    if line is not None and _fits(line, used + indent, _children(value)):
        return line
    opening, closing, heads = _brackets(value)
    if not heads:
        return _scalar(value) if not opening else opening + closing
    inner = indent + 4
    lines = [
        f"{' ' * inner}{head}{format_value(item, len(head) + 1, inner)},"
        for head, item in zip(heads, _children(value))
    ]
    return "\n".join([opening, *lines, " " * indent + closing])


def _one_line(value: Any) -> str | None:
    """Write a value on one line; None if a part of it needs several."""
    opening, closing, heads = _brackets(value)
    if not opening:
        return _scalar(value)
    items = _children(value)
    parts = []
    for head, item in zip(heads, items):
        part = _one_line(item)
        if part is None or (_brackets(item)[0] and not _fits(part, 0, _children(item))):
            return None
        parts.append(head + part)
    ending = ",)" if type(value) is tuple and len(value) == 1 else closing
    return opening + ", ".join(parts) + ending


def _brackets(value: Any) -> tuple[str, str, list[str]]:
    """Return what stands before and after the items of a value, and in front of each; nothing for scalars."""
    if isinstance(value, Mapping):
        names = all(map(_is_name, value))
        opening, closing = ("dict(", ")") if names else ("{", "}")
        keys = dict.keys(value)  # type: ignore[arg-type]
        return opening, closing, [f"{key}=" if names else f"{_scalar(key)}: " for key in keys]
    if type(value) in (list, tuple):
        opening, closing = "[]" if type(value) is list else "()"
        return opening, closing, [""] * len(value)
    return "", "", []


def _fits(line: str, used: int, items: list[Any]) -> bool:
    """Whether a value stays on one line; one with dicts in it only if it is short."""
    nested = any(isinstance(item, Mapping) and item for item in items)
    return len(line) + used <= WIDTH and (len(line) <= NESTED_WIDTH or not nested)


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [item for _, item in raw_items(value)]
    return list(value) if type(value) in (list, tuple) else []


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key)


def _scalar(value: Any) -> str:
    value = Plain("Python").tree(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, set):
        return f"{{{', '.join(sorted(map(_scalar, value)))}}}" if value else "set()"
    return repr(value)


def to_yaml(values: Mapping[Any, Any]) -> str:
    """Write a config as YAML; tuples are marked, so that they come back as tuples."""
    from mmpretrain.config.yaml_format import dump  # most configs are Python

    return dump(Plain("YAML").tree(values), WIDTH)


def to_json(values: Mapping[Any, Any]) -> str:
    """Write a config as JSON; tuples become lists."""
    return json.dumps(Plain("JSON").tree(values), indent=2, ensure_ascii=False) + "\n"


#: Suffix -> writer.
WRITERS = {".py": to_python, ".yaml": to_yaml, ".yml": to_yaml, ".json": to_json}
#: Suffix -> the kind of file, for :class:`Plain`.
KINDS = {".py": "Python", ".yaml": "YAML", ".yml": "YAML", ".json": "JSON"}
