"""YAML with tuples, and with the line of each key."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.constructor import ConstructorError

from mmpretrain.config.source import Source, short_path
from mmpretrain.config.tracked import TrackedDict, rebuild
from mmpretrain.errors import ConfigError
from mmpretrain.utils import safe_yaml
from mmpretrain.utils.brief import brief_text, said

_TUPLE = "tag:yaml.org,2002:python/tuple"


class _Loader(safe_yaml.Loader):
    """The safe loader, which makes tracked dicts."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Make the value of a node; values that Python refuses, such as a 13th month, get their line."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise ConstructorError(None, None, said(error), node.start_mark) from error


def _construct_tuple(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


def _construct_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> TrackedDict:
    loader.flatten_mapping(node)
    items = loader.construct_mapping(node, deep=True)
    lines = {
        loader.construct_object(key, deep=True): Source(loader.name, key.start_mark.line + 1)
        for key, _ in node.value
    }
    return rebuild(TrackedDict, items, lines, "")


_Loader.add_constructor(_TUPLE, _construct_tuple)
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper with tuples, and without aliases, which are hard to read and edit."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, False)


_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_sequence(_TUPLE, value, True))


def _represent_set(dumper: yaml.SafeDumper, value: set[Any]) -> yaml.Node:
    # Sorted, because equal configs give equal texts.
    return dumper.represent_mapping("tag:yaml.org,2002:set", dict.fromkeys(sorted(value, key=repr)))


_Dumper.add_representer(set, _represent_set)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # YAML folds the line breaks of Unicode as well, unless they are written as escapes.
    style = '"' if {"\x85", "\u2028", "\u2029"} & set(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_multi_representer(str, _represent_text)


def parse(text: str, file: str) -> Any:
    """Parse YAML; its dicts know the lines of their keys.

    Raises:
        ConfigError: If it is not valid.
    """
    loader = None
    try:
        loader = _Loader(text)
        loader.name = file
        return loader.get_single_data()
    except RecursionError as error:
        raise ConfigError("This is nested too deeply for YAML", where=short_path(file)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{short_path(file)}:{mark.line + 1}" if mark else short_path(file)
        raise ConfigError(
            f"This is not valid YAML: {brief_text(getattr(error, 'problem', None) or said(error), 300)}",
            where=where,
        ) from error
    except ValueError as error:
        raise ConfigError(f"This is not readable YAML: {error}", where=short_path(file)) from error
    finally:
        if loader is not None:
            loader.dispose()


def dump(values: Any, width: int) -> str:
    """Write plain values as YAML; tuples are marked, so that they come back as tuples."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
