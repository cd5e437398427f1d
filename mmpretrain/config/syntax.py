"""How the syntax tree of a config file is changed before it is executed.

- ``dict(...)`` and ``{...}`` make dicts that know the line of each of their items;
- ``with read_base(): from .base import *`` loads base configs;
- in configs in pure-Python style other imports give lazy objects, so that nothing heavy is imported;
- ``{{ _base_.x }}`` becomes an expression.
"""

from __future__ import annotations

import ast
import sys
from typing import Any

from mmpretrain.config.source import Source, short_path
from mmpretrain.config.template import has_base_variable
from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief, said
from mmpretrain.utils.former import FOUNDATIONS

BASE = "_base_"
#: Functions that changed files call.
NODE, FILL, LAZY, IMPORT_BASE = "__node__", "__fill__", "__lazy__", "__import_base__"

#: Modules that exist for the sake of config files; importing them means nothing once a file is read.
_CONFIG_MODULES = FOUNDATIONS | {"mmpretrain.config", "mmengine.config"}


def take_bases(body: list[ast.stmt], file: str) -> tuple[list[str], Source, list[ast.stmt]]:
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
            except (Exception, SystemExit) as error:
                raise ConfigError(f"_base_ cannot be computed here: {said(error)}", where=where) from error
            return (
                as_bases(bases, where),
                Source(file, statement.lineno, BASE),
                body[:index] + body[index + 1 :],
            )
    return [], Source(file, 1, BASE), body


def as_bases(value: Any, where: str) -> list[str]:
    """Return what ``_base_`` names as a list.

    Raises:
        ConfigError: If it is no path, nor a list of paths.
    """
    bases = [value] if isinstance(value, str) else value
    if not isinstance(bases, (list, tuple)) or not all(
        isinstance(name, str) and name and "\0" not in name for name in bases
    ):
        raise ConfigError(
            f"_base_ must be the path of a config, or a list of paths, got {brief(value)}",
            where=where,
            hint="For a config without a base, leave _base_ out.",
        )
    return list(bases)


def is_lazy(tree: ast.Module, has_bases: bool) -> bool:
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


class Transformer(ast.NodeTransformer):
    """Changes the syntax tree; see the docstring of this module.

    Args:
        file: Path of the file, for messages and provenance.
        lazy: Whether imports give lazy objects.

    Attributes:
        sites: For each dict display or call the places of its items, and its own.
        names: For each top-level name the place that assigns it.
        imported: Names that stand for imports.
    """

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
        return _at(ast.Call(ast.Name(NODE, ast.Load()), arguments, []), node)

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
        return _at(ast.Call(ast.Name(FILL, ast.Load()), arguments, []), node)

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
            ast.Name(IMPORT_BASE, ast.Load()), [ast.parse(repr(a), mode="eval").body for a in arguments], []
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
        call = ast.Call(ast.Name(LAZY, ast.Load()), [ast.Constant(path), ast.Constant(where)], [])
        return _at(ast.Assign([ast.Name(name, ast.Store())], call), node)


def _at(node: Any, place: ast.AST) -> Any:
    return ast.copy_location(node, place)
