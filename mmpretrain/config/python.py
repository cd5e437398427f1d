"""Reading configs that are Python files.

A file is parsed, its syntax tree is changed in four places, and the result is executed in an empty namespace:

- ``dict(...)`` and ``{...}`` make dicts that know the line of each of their items;
- ``with read_base(): from .base import *`` loads base configs;
- in configs in pure-Python style other imports give lazy objects, so that nothing heavy is imported;
- ``{{ _base_.x }}`` becomes an expression.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mmpretrain.config.lazy import LazyObject
from mmpretrain.config.node import ConfigDict
from mmpretrain.config.source import Source, short_path
from mmpretrain.config.template import fill_base_variables, has_base_variable
from mmpretrain.config.tracked import TrackedDict, rebuild, sources_of
from mmpretrain.errors import ConfigError, MMPretrainError

BASE = "_base_"
_NODE, _FILL, _LAZY, _IMPORT_BASE = "__node__", "__fill__", "__lazy__", "__import_base__"

#: Modules that exist for the sake of config files; importing them means nothing once a file is read.
_CONFIG_MODULES = {"mmpretrain.config", "mmengine.config", "mmengine", "mmcv"}


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
        tree = ast.parse(text, filename=file)
    except SyntaxError as error:
        raise ConfigError(
            f"This is not valid Python: {error.msg}: {(error.text or '').strip()!r}",
            where=f"{short_path(file)}:{error.lineno}",
        ) from error
    bases, base_source, tree.body = _take_bases(tree.body, file)
    lazy = _is_lazy(tree, has_bases=bool(bases)) if lazy is None else lazy
    transformer = _Transformer(file, lazy)
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
        _LAZY: LazyObject,
        _NODE: lambda site, value, *spread: _track(program.sites[site], value, spread),
        _FILL: lambda text, line: fill_base_variables(text, base, f"{short_path(file)}:{line}"),
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

    namespace[_IMPORT_BASE] = bring_in
    try:
        exec(program.code, namespace)
    except MMPretrainError:
        raise
    except Exception as error:
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file
        ]
        raise ConfigError(
            f"{type(error).__name__}: {error}", where=f"{short_path(file)}:{lines[-1] if lines else 1}"
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
        if name.startswith("__") or (name == BASE and value is base):
            continue
        if name in program.imported or imported.get(name, _NODE) is value:
            imported[name] = value
        elif not isinstance(value, (types.ModuleType, types.FunctionType)):
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


def _take_bases(body: list[ast.stmt], file: str) -> tuple[list[str], Source, list[ast.stmt]]:
    """Find and remove ``_base_ = ...``."""
    for index, statement in enumerate(body):
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id == BASE
        ):
            where = f"{short_path(file)}:{statement.lineno}"
            try:
                expression = ast.Expression(statement.value)
                bases = eval(compile(expression, file, "eval"), {"__file__": file})
            except Exception as error:
                raise ConfigError(f"_base_ cannot be computed here: {error}", where=where) from error
            bases = [bases] if isinstance(bases, str) else list(bases)
            return bases, Source(file, statement.lineno, BASE), body[:index] + body[index + 1 :]
    return [], Source(file, 1, BASE), body


def _is_lazy(tree: ast.Module, has_bases: bool) -> bool:
    """Whether a file is in pure-Python style: with ``read_base()``, or with imports and no ``_base_``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.With) and _is_read_base(node):
            return True
    if has_bases:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or not _runs_for_real(node.module or "")):
            return True
        if isinstance(node, ast.Import) and not all(_runs_for_real(alias.name) for alias in node.names):
            return True
    return False


def _is_read_base(node: ast.With) -> bool:
    call = node.items[0].context_expr
    name = call.func if isinstance(call, ast.Call) else None
    return getattr(name, "id", getattr(name, "attr", None)) == "read_base"


def _runs_for_real(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names or module in _CONFIG_MODULES


class _Transformer(ast.NodeTransformer):
    """Changes the syntax tree of a config file; see the docstring of this module."""

    def __init__(self, file: str, lazy: bool) -> None:
        self.file = file
        self.lazy = lazy
        self.sites: list[tuple[dict[Any, Source], Source]] = []
        self.names: dict[str, Source] = {}
        self.imported: set[str] = set()
        self._depth = 0

    # -- provenance ---------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "dict"):
            return node
        for keyword in node.keywords:
            if keyword.arg is not None and has_base_variable(keyword.arg):
                return self._display(node)
        spread = [keyword.value for keyword in node.keywords if keyword.arg is None]
        lines = {keyword.arg: keyword.lineno for keyword in node.keywords if keyword.arg is not None}
        return self._site(node, lines, spread)

    def _display(self, node: ast.Call) -> ast.AST:
        """Write ``dict({{_base_.name}}=1)`` as ``{...}``, where a key may be an expression."""
        keys: list[ast.expr | None] = [None] * len(node.args)
        values: list[ast.expr] = list(node.args)
        for keyword in node.keywords:
            name = None if keyword.arg is None else self.visit(_at(ast.Constant(keyword.arg), node))
            keys.append(name)
            values.append(keyword.value)
        return self._site(_at(ast.Dict(keys, values), node), {}, [])

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        lines = {
            key.value: key.lineno
            for key in node.keys
            if isinstance(key, ast.Constant)
            and not (isinstance(key.value, str) and has_base_variable(key.value))
        }
        self.generic_visit(node)
        return self._site(node, lines, [value for key, value in zip(node.keys, node.values) if key is None])

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        return self._site(node, {}, [])

    def _site(self, node: ast.expr, lines: dict[Any, int], spread: list[ast.expr]) -> ast.AST:
        sources = {key: Source(self.file, line) for key, line in lines.items()}
        self.sites.append((sources, Source(self.file, node.lineno)))
        # Evaluating a name twice is harmless; what a call gives is new, and knows no sources.
        again = [value for value in spread if isinstance(value, ast.Name)]
        arguments = [ast.Constant(len(self.sites) - 1), node, *again]
        return _at(ast.Call(ast.Name(_NODE, ast.Load()), arguments, []), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Store):
            if not self._depth:
                self.names[node.id] = Source(self.file, node.lineno)
                self.imported.discard(node.id)
            return node
        return self._fill(node.id, node) if has_base_variable(node.id) else node

    def _visit_scope(self, node: ast.AST) -> ast.AST:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    visit_FunctionDef = visit_Lambda = visit_ClassDef = _visit_scope
    visit_ListComp = visit_SetComp = visit_GeneratorExp = _visit_scope

    # -- variables of the base ----------------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and has_base_variable(node.value):
            return self._fill(node.value, node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts: list[ast.expr] = []
        for value in node.values:
            new = self.visit(value)
            is_fill = isinstance(value, ast.Constant) and new is not value
            parts.append(_at(ast.FormattedValue(new, -1, None), node) if is_fill else new)
        node.values = parts
        return node

    def _fill(self, text: str, node: ast.expr) -> ast.AST:
        arguments: list[ast.expr] = [ast.Constant(text), ast.Constant(node.lineno)]
        return _at(ast.Call(ast.Name(_FILL, ast.Load()), arguments, []), node)

    # -- imports ------------------------------------------------------------------------------------

    def visit_With(self, node: ast.With) -> Any:
        if not _is_read_base(node):
            return self.generic_visit(node)
        return [self._base_import(statement) for statement in node.body]

    def _base_import(self, node: ast.stmt) -> ast.stmt:
        if not isinstance(node, ast.ImportFrom):
            raise ConfigError(
                f"Only 'from <config> import <names>' belongs into read_base(), got {ast.unparse(node)!r}",
                where=f"{short_path(self.file)}:{node.lineno}",
            )
        names = {alias.name: alias.asname or alias.name for alias in node.names}
        arguments = ["." * node.level + (node.module or ""), None if "*" in names else names, node.lineno]
        call = ast.Call(
            ast.Name(_IMPORT_BASE, ast.Load()), [ast.parse(repr(a), mode="eval").body for a in arguments], []
        )
        return _at(ast.Expr(call), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        names = {alias.asname or alias.name: alias.name for alias in node.names}
        module = "." * node.level + (node.module or "")
        where = f"{short_path(self.file)}:{node.lineno}"
        if self._depth == 0:
            self.imported.update(names)
        if module in _CONFIG_MODULES and names.keys() <= {"read_base", "Config", "ConfigDict"}:
            return None
        if not self.lazy or _runs_for_real(module):
            return node
        if node.level or "*" in names:
            raise ConfigError(
                f"{ast.unparse(node)!r} must be inside 'with read_base():'",
                where=where,
                hint="Only configs are imported by a relative path or with a star.",
            )
        return [self._lazy(alias, f"{module}.{name}", where, node) for alias, name in names.items()]

    def visit_Import(self, node: ast.Import) -> Any:
        where = f"{short_path(self.file)}:{node.lineno}"
        statements: list[ast.stmt] = []
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            if self._depth == 0:
                self.imported.add(bound)
            if not self.lazy or _runs_for_real(alias.name):
                statements.append(_at(ast.Import([alias]), node))
            else:
                statements.append(self._lazy(bound, alias.name if alias.asname else bound, where, node))
        return statements

    def _lazy(self, name: str, path: str, where: str, node: ast.stmt) -> ast.stmt:
        call = ast.Call(ast.Name(_LAZY, ast.Load()), [ast.Constant(path), ast.Constant(where)], [])
        return _at(ast.Assign([ast.Name(name, ast.Store())], call), node)


def _at(node: Any, place: ast.AST) -> Any:
    return ast.copy_location(node, place)


@contextlib.contextmanager
def read_base() -> Iterator[None]:
    """Mark the imports of base configs in a config in pure-Python style.

    Config files are not executed as they stand: what is imported in this context is loaded as a config.

    Example:
        >>> with read_base():
        ...     from .._base_.models.resnet50 import *
    """
    yield
