"""What a registry says about a name that is not there, or that is in use already."""

from __future__ import annotations

import ast
import importlib.util
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmpretrain.errors import NameTakenError
from mmpretrain.utils.former import compat
from mmpretrain.utils.suggest import did_you_mean


def ways_out(name: str, known: Iterable[str], elsewhere: Iterable[str]) -> Iterator[str]:
    """Yield what to do about a name that is not registered.

    Args:
        name: The name.
        known: What is registered.
        elsewhere: Names of the registries that have it.
    """
    if name in compat("components").NOT_YET:
        yield "MMPretrain 1.x has it; it is not implemented here yet. docs/zoo.md says which families are."
        return
    meant = did_you_mean(name, known)
    if meant:
        yield meant
    for other in elsewhere:
        yield f"There is a {other} of that name: it may be in the wrong place of the config."
    for path, line in find_class(name, Path.cwd()):
        module = ".".join(path.with_suffix("").parts)
        yield (
            f"A class {name} is in {path}:{line}: "
            f"add custom_imports=dict(imports=[{module!r}], allow_failed_imports=False) to the config."
        )
        return
    if not meant:
        yield "If it is yours, decorate it with register_module() and list its module in custom_imports."


def find_class(name: str, root: Path, max_files: int = 2000) -> Iterator[tuple[Path, int]]:
    """Find definitions of a class in the Python files below ``root``, as (relative path, line).

    Hidden folders, virtual environments and this package are left out; at most ``max_files`` are read.
    """
    own = Path(__file__).parents[1]
    read = 0
    for folder, subfolders, files in os.walk(root):
        here = Path(folder)
        subfolders[:] = sorted(
            sub
            for sub in subfolders
            if not sub.startswith((".", "__"))
            and sub not in {"node_modules", "site-packages", "work_dirs", "data"}
            and not (here / sub / "pyvenv.cfg").exists()
            and here / sub != own
        )
        for file in sorted(files):
            if not file.endswith(".py"):
                continue
            read += 1
            if read > max_files:
                return
            try:
                text = (here / file).read_text(encoding="utf-8")
                if f"class {name}" not in text:
                    continue
                tree = ast.parse(text)
            except (OSError, SyntaxError, ValueError):
                continue  # a file that is not Python cannot define the class
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and node.name == name:
                    yield (here / file).relative_to(root), node.lineno


def origin(module: str) -> str:
    """Return the file of a module, without importing it."""
    spec = importlib.util.find_spec(module)
    return module if spec is None or spec.origin is None else spec.origin


def _short(file: str) -> str:
    here = os.getcwd() + os.sep
    return file.removeprefix(here)


def name_taken(name: str, kind: str, first: str, second: str) -> NameTakenError:
    """Say that a name is in use.

    Args:
        name: The name.
        kind: What the registry holds.
        first: Where it was registered.
        second: Where it is to be registered once more.
    """
    return NameTakenError(
        f"{name!r} is already registered as a {kind}, in {_short(first)}",
        where=_short(second),
        hint="Use another name, or register_module(force=True) to replace it.",
    )
