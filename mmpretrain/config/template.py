"""The ``{{ ... }}`` of config files, which are replaced before a file is parsed.

- ``{{ fileDirname }}``: folder of the file; ``fileBasename``, ``fileBasenameNoExtension``, ``fileExtname``;
- ``{{ $DATA:data/pets }}``: environment variable ``DATA``, or ``data/pets`` if that is not set;
- ``{{ _base_.model.depth }}``: value of the base config, as a whole value, a key, or part of a string.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpretrain.config.node import ConfigDict
from mmpretrain.errors import ConfigError
from mmpretrain.utils.suggest import did_you_mean

_FILE_VARIABLE = re.compile(r"\{\{\s*(fileDirname|fileBasenameNoExtension|fileBasename|fileExtname)\s*\}\}")
_ENVIRONMENT = re.compile(r"\{\{\s*['\"]?\s*\$(\w+)\s*:\s*([^\s'\"}]*)\s*['\"]?\s*\}\}")
_BASE_VARIABLE = re.compile(r"\{\{\s*_base_\.([\w.\-]+)\s*\}\}")
#: What stands for ``{{ _base_.a.b }}`` while the file is parsed; it is a valid name in all languages.
_TOKEN = re.compile(r"_base_variable_((?:[0-9a-f]{2})+)_")


def fill_file_variables(text: str, file: str) -> str:
    """Replace ``{{ fileDirname }}`` and similar variables."""
    path = Path(file)
    values = {
        "fileDirname": path.parent.as_posix(),
        "fileBasename": path.name,
        "fileBasenameNoExtension": path.stem,
        "fileExtname": path.suffix,
    }
    return _FILE_VARIABLE.sub(lambda match: values[match[1]], text)


def fill_environment(text: str, file: str, used: dict[str, str]) -> str:
    """Replace ``{{ $NAME:default }}``.

    Args:
        text: The text of the config.
        file: Its name, for messages.
        used: Filled with the environment variables that had a value.

    Raises:
        ConfigError: If a variable is not set and has no default.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        if name in os.environ:
            used[name] = os.environ[name]
            return used[name]
        if not default:
            line = text.count("\n", 0, match.start()) + 1
            raise ConfigError(
                f"The environment variable {name} is not set, and {match[0]} gives no default",
                where=f"{file}:{line}",
                hint=f"Set it, or write {{{{ ${name}:default }}}}.",
            )
        return default

    return _ENVIRONMENT.sub(value, text)


def hide_base_variables(text: str, *, quote: bool = False) -> str:
    """Replace ``{{ _base_.a.b }}`` by names that survive parsing.

    Args:
        text: The text of the config.
        quote: Put quotes around those that are in no string, for JSON.
    """

    def token(match: re.Match[str]) -> str:
        name = f"_base_variable_{match[1].encode().hex()}_"
        return f'"{name}"' if quote and not _inside_string(text, match.start()) else name

    return _BASE_VARIABLE.sub(token, text)


def _inside_string(text: str, position: int) -> bool:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return len(re.findall(r'(?<!\\)"', line)) % 2 == 1


def has_base_variable(text: str) -> bool:
    """Whether a parsed string has a hidden ``{{ _base_.x }}`` in it."""
    return "_base_variable_" in text and _TOKEN.search(text) is not None


def fill_base_variables(text: str, base: Mapping[str, Any], where: str | None = None) -> Any:
    """Replace hidden ``{{ _base_.x }}`` by values of the base config.

    A text that is one variable and nothing else becomes that value, of any type; otherwise the values
    are put into the text.
    """
    whole = _TOKEN.fullmatch(text)
    if whole:
        return lookup(base, bytes.fromhex(whole[1]).decode(), where)
    return _TOKEN.sub(lambda match: str(lookup(base, bytes.fromhex(match[1]).decode(), where)), text)


def lookup(base: Any, path: str, where: str | None = None) -> Any:
    """Return the value at a dotted path, through lists too.

    Raises:
        ConfigError: If there is no such key.
    """
    value = base
    for key in path.split("."):
        if isinstance(value, Mapping) and key in value:
            value = dict.__getitem__(value, key) if isinstance(value, ConfigDict) else value[key]
        elif isinstance(value, (list, tuple)) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            names = [str(name) for name in value] if isinstance(value, Mapping) else []
            hint = did_you_mean(key, names) or (f"It has: {', '.join(names[:8])}." if names else None)
            raise ConfigError(f"The base config has no {path!r} ({key!r} is missing)", where=where, hint=hint)
    return value
