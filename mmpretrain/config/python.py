"""Reading configs that are Python files.

A file is parsed, its syntax tree is changed (:mod:`mmpretrain.config.syntax`), and the result is executed in
an empty namespace.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mmpretrain.config.lazy import LazyObject
from mmpretrain.config.node import ConfigDict
from mmpretrain.config.plain import is_helper
from mmpretrain.config.source import Source, short_path
from mmpretrain.config.syntax import BASE, FILL, IMPORT_BASE, LAZY, NODE, Transformer, is_lazy, take_bases
from mmpretrain.config.template import fill_base_variables
from mmpretrain.config.tracked import TrackedDict, rebuild, sources_of
from mmpretrain.errors import ConfigError, MMPretrainError
from mmpretrain.utils.brief import brief, said


@dataclass
class Program:
    """A config file, ready to be executed.

    Attributes:
        code: The changed program.
        bases: What ``_base_`` names, with the line that does.
        sites: For each dict display or call the lines of its items.
        names: For each top-level name the place that assigns it.
        imported: Names that stand for imports.
    """

    code: types.CodeType
    bases: list[str]
    base_source: Source
    sites: list[tuple[dict[Any, Source], Source]]
    names: dict[str, Source]
    imported: set[str]


@dataclass
class Result:
    """The variables of an executed config file."""

    values: TrackedDict
    imported: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=2048)
def compile_config(text: str, file: str, lazy: bool | None = None) -> Program:
    """Parse a config file; base files that many configs share are parsed once.

    Args:
        text: The source code.
        file: Its path, for messages and provenance.
        lazy: Whether imports give lazy objects; None leaves that to the style of the file.

    Raises:
        ConfigError: If the file is not valid Python.
    """
    try:
        return _compile(text, file, lazy)
    except SyntaxError as error:
        raise ConfigError(
            f"This is not valid Python: {error.msg}: {brief((error.text or '').strip())}",
            where=f"{short_path(file)}:{error.lineno or 1}",
        ) from error
    except ValueError as error:  # a null byte, for Python 3.10 and 3.11
        raise ConfigError(f"This is not valid Python: {error}", where=short_path(file)) from error
    except (RecursionError, MemoryError) as error:  # what the parser says depends on the version of Python
        raise ConfigError("This is nested too deeply for Python", where=short_path(file)) from error


def _compile(text: str, file: str, lazy: bool | None) -> Program:
    tree = ast.parse(text, filename=file)
    bases, base_source, tree.body = take_bases(tree.body, file)
    lazy = is_lazy(tree, has_bases=bool(bases)) if lazy is None else lazy
    transformer = Transformer(file, lazy)
    tree = ast.fix_missing_locations(transformer.visit(tree))
    return Program(
        code=compile(tree, file, "exec"),
        bases=bases,
        base_source=base_source,
        sites=transformer.sites,
        names=transformer.names,
        imported=transformer.imported,
    )


def run_config(
    program: Program, file: str, base: ConfigDict, import_base: Callable[[str, str], Result]
) -> Result:
    """Execute a config file.

    Args:
        program: The compiled file.
        file: Its path.
        base: The merged base configs; the file sees them as ``_base_`` and may change them.
        import_base: Loads what a ``from X import ...`` in ``with read_base()`` names.
    """
    inherited: dict[str, Source] = {}
    imported: dict[str, Any] = {}
    namespace: dict[str, Any] = {
        "__builtins__": builtins,
        "__file__": file,
        "__name__": "__config__",
        BASE: base,
        LAZY: LazyObject,
        NODE: lambda site, value, *spread: _track(program.sites[site], value, spread),
        FILL: lambda text, line: fill_base_variables(text, base, f"{short_path(file)}:{line}"),
    }

    def bring_in(module: str, names: dict[str, str] | None, line: int) -> None:
        where = f"{short_path(file)}:{line}"
        found = import_base(module, where)
        if names is None:
            names = {name: name for name in [*found.values, *found.imported]}
        for name, alias in names.items():
            if name in found.values:
                namespace[alias] = found.values[name]
                inherited[alias] = sources_of(found.values).get(name, Source(file, line))
            elif name in found.imported:
                namespace[alias] = imported[alias] = found.imported[name]
            else:
                raise ConfigError(f"{module} has no {name!r}", where=where)

    namespace[IMPORT_BASE] = bring_in
    try:
        exec(program.code, namespace)
    except MMPretrainError:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit is no Exception
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file
        ]
        ends = isinstance(error, SystemExit)
        raise ConfigError(
            f"The config ends Python, with exit code: {brief(error.code)}" if ends else said(error),
            where=f"{short_path(file)}:{lines[-1] if lines else 1}",
        ) from error
    return _collect(program, namespace, inherited, imported, base)


def _collect(
    program: Program,
    namespace: dict[str, Any],
    inherited: dict[str, Source],
    imported: dict[str, Any],
    base: ConfigDict,
) -> Result:
    values: dict[str, Any] = {}
    sources: dict[Any, Source] = {}
    for name, value in namespace.items():
        if (isinstance(name, str) and name.startswith("__")) or (name == BASE and value is base):
            continue
        if name in program.imported or imported.get(name, NODE) is value:
            imported[name] = value
        elif not is_helper(value):
            values[name] = value
            source = program.names.get(name) or inherited.get(name)
            if source is not None:
                sources[name] = source
    return Result(rebuild(TrackedDict, values, sources, ""), imported)


def _track(site: tuple[dict[Any, Source], Source], value: Any, spread: tuple[Any, ...]) -> Any:
    """Make a tracked dict of what ``dict(...)`` gave; ``spread`` are the dicts behind ``**``."""
    lines, whole = site
    sources = lines.copy()
    for part in spread:
        for key, source in sources_of(part).items():
            sources.setdefault(key, source)
    if len(sources) < len(value):
        for key in value:
            sources.setdefault(key, sources_of(value).get(key, whole))
    return rebuild(TrackedDict, value, sources, "")


@contextlib.contextmanager
def read_base() -> Iterator[None]:
    """Mark the imports of base configs in a config in pure-Python style.

    Config files are not executed as they stand: what is imported in this context is loaded as a config.

    Example:
        >>> with read_base():
        ...     from .._base_.models.resnet50 import *
    """
    yield
