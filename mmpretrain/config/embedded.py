"""Configs that a checkpoint holds, read as data.

Such a config is Python text, as :meth:`Config.pretty_text` writes it: assignments of literals and of
``dict(...)``. It is not executed. Its texts are marked (:class:`~mmpretrain.utils.foreign.Foreign`), so that
no ``type`` in it is imported by its path, and what would fetch or read other files is left out: the weights
are in the checkpoint.
"""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from mmpretrain.config.config import Config
from mmpretrain.config.source import Source
from mmpretrain.config.tracked import TrackedDict, raw_items, rebuild
from mmpretrain.errors import ConfigError
from mmpretrain.registry import SCOPES
from mmpretrain.utils.foreign import TRUST, Foreign

logger = logging.getLogger(__name__)

_LONGEST = 4 << 20  # characters; class names of large data sets are the longest part of configs
_DEEPEST = 100
#: Keys that make a component fetch, read or run something else than the checkpoint.
_LEFT_OUT = frozenset(
    {
        "backend_args",
        "checkpoint_path",
        "custom_imports",
        "file_client_args",
        "load_from",
        "pretrained",
        "pretrained_cfg",
        "trust_remote_code",
    }
)
#: Texts that may be a path, an address or a dotted name.
_POINTS_ELSEWHERE = re.compile(r"[./\\:@~]")
_BUILDERS: dict[str, type] = {"dict": dict, "list": list, "tuple": tuple, "set": set}
_NUMBERS = {f"float('{name}')": float(name) for name in ("inf", "-inf", "nan")}


def read_embedded(content: Any, origin: str, *, trust: bool = False) -> Config:
    """Read the config that a checkpoint holds.

    Args:
        content: Its text, or its values.
        origin: Name of the checkpoint, for messages.
        trust: Run the text as the Python file that it is.

    Raises:
        ConfigError: If it is more than data, with the line and what is there.
    """
    if trust and isinstance(content, str):
        return Config.fromstring(content, ".py")
    file = f"the config in {origin}"
    values = _parse(content, file) if isinstance(content, str) else content
    if not isinstance(values, Mapping):
        raise ConfigError(f"It holds a {type(values).__name__}, and not a config", where=file)
    if trust:
        return Config(values)
    _name_imports(values.get("custom_imports"), file)
    return Config.from_values(_Cleaning(origin, file).node(values, 0))


def _name_imports(custom: Any, file: str) -> None:
    modules = custom.get("imports", ()) if isinstance(custom, Mapping) else custom or ()
    names = [modules] if isinstance(modules, str) else modules
    names = names if isinstance(names, (list, tuple)) else []
    strange = [str(name) for name in names if str(name).partition(".")[0] not in SCOPES]
    if strange:
        logger.warning("%s names custom_imports %s, which are not imported. %s", file, strange, TRUST)


def _parse(text: str, file: str) -> TrackedDict:
    """Return the assigned values of a text."""
    if len(text) > _LONGEST:
        raise ConfigError(f"It has {len(text):,} characters, more than any config", where=file)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ConfigError(f"This is not a config: {error.msg}", where=f"{file}:{error.lineno}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"This is not a config: {error}", where=file) from None
    reader = _Reader(file)
    items: dict[str, Any] = {}
    sources: dict[Any, Source] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring, no setting
        name = reader.target(statement)
        if name == "_base_":
            reader.refuse(statement, "_base_")
        items[name] = reader.value(statement.value, 0)  # type: ignore[attr-defined]
        sources[name] = Source(file, statement.lineno)
    return rebuild(TrackedDict, items, sources, "")


class _Reader:
    """Turns literals of a syntax tree into values, and refuses everything else.

    Args:
        file: What to call the text in messages.
    """

    def __init__(self, file: str) -> None:
        self.file = file

    def refuse(self, node: ast.AST, what: str | None = None) -> NoReturn:
        """Raise, naming what a piece of the text is."""
        what = what or f"{_kind(node)} ({_shown(node)})"
        raise ConfigError(
            f"{what} is not data: a config in a checkpoint may hold literals and dict(...) only",
            where=f"{self.file}:{getattr(node, 'lineno', 1)}",
            hint=TRUST,
        )

    def target(self, statement: ast.stmt) -> str:
        """Return the name that a statement assigns."""
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name):
                return target.id
            # As `pretty_text` writes keys that are no identifiers.
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                owner, key = target.value, target.slice.value
                if ast.unparse(owner) == "globals()" and isinstance(key, str):
                    return key
        return self.refuse(statement)

    def value(self, node: ast.expr, depth: int) -> Any:
        """Return the value of an expression."""
        if depth > _DEEPEST:
            self.refuse(node, f"A nest of more than {_DEEPEST} containers")
        if isinstance(node, ast.Constant) and node.value is not ...:
            return node.value
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            items = [self.value(item, depth + 1) for item in node.elts]
            return self._made({ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)], items, node)
        if isinstance(node, ast.Dict):
            return self._dict([(key, value) for key, value in zip(node.keys, node.values)], node, depth)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            number = node.operand.value if isinstance(node.operand, ast.Constant) else None
            if type(number) in (int, float, complex):
                return -number if isinstance(node.op, ast.USub) else number  # type: ignore[operator]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._call(node, node.func.id, depth)
        return self.refuse(node)

    def _call(self, node: ast.Call, name: str, depth: int) -> Any:
        values = [self.value(argument, depth + 1) for argument in node.args] if name in _BUILDERS else []
        if name == "dict" and not node.args:
            pairs = [(ast.Constant(word.arg) if word.arg else None, word.value) for word in node.keywords]
            return self._dict(pairs, node, depth)
        if name == "float" and ast.unparse(node) in _NUMBERS:
            return _NUMBERS[ast.unparse(node)]
        if name not in _BUILDERS or node.keywords or len(values) > 1:
            self.refuse(node)
        return self._made(_BUILDERS[name], values[0] if values else (), node)

    def _dict(self, pairs: list[tuple[Any, ast.expr]], node: ast.expr, depth: int) -> TrackedDict:
        items: dict[Any, Any] = {}
        sources: dict[Any, Source] = {}
        for key, value in pairs:
            if key is None:
                self.refuse(value, "** in a dict")
            name = self.value(key, depth + 1)
            try:
                items[name] = self.value(value, depth + 1)
            except TypeError:
                self.refuse(node, "A dict with a key that cannot be hashed")
            sources[name] = Source(self.file, getattr(value, "lineno", node.lineno))
        return rebuild(TrackedDict, items, sources, "")

    def _made(self, kind: type, items: Any, node: ast.expr) -> Any:
        if not isinstance(items, (list, tuple, set, dict)):
            self.refuse(node)
        try:
            return kind(items)
        except (TypeError, ValueError):
            self.refuse(node, f"{kind.__name__}(...) of these items")


def _kind(node: ast.AST) -> str:
    """Say what a piece of Python is, for people."""
    if isinstance(node, ast.Call):
        return f"A call of {_shown(node.func)}"
    words = {
        ast.Import: "An import", ast.ImportFrom: "An import", ast.With: "A with statement",
        ast.FunctionDef: "A function", ast.ClassDef: "A class", ast.Lambda: "A lambda", ast.Name: "A name",
        ast.JoinedStr: "An f-string", ast.ListComp: "A comprehension", ast.DictComp: "A comprehension",
    }  # fmt: skip
    return words.get(type(node), "An expression" if isinstance(node, ast.expr) else "A statement")


def _shown(node: ast.AST) -> str:
    try:
        text = ast.unparse(node)
    except RecursionError:
        return "..."
    return ascii(text if len(text) <= 60 else f"{text[:57]}...")[1:-1]


class _Cleaning:
    """Marks the texts of a config, and leaves out what points to other files.

    Args:
        origin: Name of the checkpoint.
        file: What to call its config in messages.
    """

    def __init__(self, origin: str, file: str) -> None:
        self.origin = origin
        self.file = file

    def node(self, values: Mapping[Any, Any], depth: int) -> TrackedDict:
        """Return a clean copy of a dict."""
        if depth > _DEEPEST:
            raise ConfigError(f"Its dicts lie more than {_DEEPEST} deep in each other", where=self.file)
        known = getattr(values, "_sources_", {})
        items: dict[Any, Any] = {}
        for key, value in raw_items(values) if isinstance(values, TrackedDict) else values.items():
            if key in _LEFT_OUT or (key == "init_cfg" and _loads(value)):
                continue
            if key == "type" and isinstance(value, str):
                items[key] = Foreign.of(value, self.origin)
            else:
                items[key] = self._value(key, value, depth + 1)
        sources = {key: known.get(key, Source(self.file)) for key in items}
        return rebuild(TrackedDict, items, sources, "")

    def _value(self, key: Any, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return self.node(value, depth)
        if type(value) in (list, tuple):
            if depth > _DEEPEST:
                raise ConfigError(f"Its lists lie more than {_DEEPEST} deep in each other", where=self.file)
            return type(value)(self._value(key, item, depth + 1) for item in value)
        if isinstance(value, str):
            return Foreign.of(value, self.origin) if _POINTS_ELSEWHERE.search(value) else str(value)
        if value is None or isinstance(value, (bool, int, float, complex, bytes, set, frozenset)):
            return value
        raise ConfigError(
            f"Its key {str(key)!r} holds a {type(value).__name__} ({ascii(value)[:80]}), and not data",
            where=self.file,
            hint=TRUST,
        )


def _loads(init_cfg: Any) -> bool:
    """Whether an ``init_cfg`` loads weights from somewhere."""
    parts = init_cfg if isinstance(init_cfg, (list, tuple)) else [init_cfg]
    kinds = [str(part.get("type")).rpartition(".")[2] for part in parts if isinstance(part, Mapping)]
    return not {"Pretrained", "PretrainedInit"}.isdisjoint(kinds)
