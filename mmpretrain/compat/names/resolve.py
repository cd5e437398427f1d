"""From an old module and a name in it to the object that it means now, or to a sentence about it."""

from __future__ import annotations

import dis
import importlib
import os
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import mmpretrain
from mmpretrain.compat.components import NOT_YET
from mmpretrain.compat.names import gone, where
from mmpretrain.compat.names.exact import EXACT
from mmpretrain.compat.names.modules import MODULES, children, own_path
from mmpretrain.config.source import short_path
from mmpretrain.errors import MMPretrainError
from mmpretrain.utils.former import TOOLBOXES
from mmpretrain.utils.lazy import TABLE
from mmpretrain.utils.suggest import did_you_mean


class OldNameError(MMPretrainError, ImportError):
    """A name of a former package that has no counterpart here.

    Attributes:
        by_import: Whether ``from ... import`` asked for it.
    """

    by_import: bool = False


@dataclass(frozen=True)
class Target:
    """A name and the module that it is in."""

    module: str
    name: str

    def load(self) -> Any:
        """Import it."""
        return getattr(importlib.import_module(self.module), self.name)

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def _read(*tables: dict[str, str]) -> dict[str, Target]:
    """Turn tables of :mod:`.where` into old name -> target; later tables count more."""
    targets = {}
    for table in tables:
        for module, names in table.items():
            for entry in names.split():
                old, _, new = entry.partition("=")
                owner, _, name = (new or old).rpartition(".")
                targets[old] = Target(owner or module, name)
    return targets


@cache
def _tables() -> dict[str, dict[str, Target]]:
    """Return the names of each former package; those of the toolboxes are mostly found by their path."""
    mmcv = _read(where.COMMON, where.MMCV, where.MMCV_1)
    return {
        "mmengine": _read(where.COMMON, where.MMENGINE),
        "mmcv": mmcv,
        "mmcls": _read(where.MMCLS),
        "mmselfsup": _read(where.MMCLS),
    }


@cache
def _exact() -> dict[str, dict[str, Target]]:
    return {module: _read(table) for module, table in EXACT.items()}


def resolve(module: str, name: str) -> Target | None:
    """Return what a name in an old module means now; None if nothing does.

    Args:
        module: Full name of the old module.
        name: A name in it.
    """
    if reason(module) is not None:
        return None
    for path in filter(None, (module, own_path(module))):
        if name in _exact().get(path, {}):
            return _exact()[path][name]
    root = module.partition(".")[0]
    found = _tables().get(root, {}).get(name)
    if found is not None:
        return found
    if root in TOOLBOXES:
        return _by_path(own_path(module) or module, name)
    if root != "mmpretrain":
        return None
    own = name in MODULES.get(module, ()) or not _is_ours(module)
    found = _by_path(module, name, asking=module) if own else None
    former = f"mmcls{module.removeprefix('mmpretrain')}"
    if found is None and name in MODULES.get(former, ()):
        return resolve(former, name)  # tutorials of 0.x, followed in this package
    if found is None and module in MODULES and _folder(module) is None:
        return _imported(module, name)
    return found


def _imported(module: str, name: str) -> Target | None:
    """Return a name that a module of 1.x imported from elsewhere in the packages."""
    found = _tables()["mmengine"].get(name) or _tables()["mmcv"].get(name)
    if found is None and name in _public():
        found = _by_path(module, name) or _exact().get("mmpretrain.utils", {}).get(name)
    return found


@cache
def _public() -> frozenset[str]:
    """Return all public names of 1.x."""
    names = (names for module, names in MODULES.items() if module.startswith("mmpretrain"))
    return frozenset().union(*names)


def _is_ours(module: str) -> bool:
    """Whether there is a module of that path in this package, and not only in a former version."""
    return getattr(sys.modules.get(module), "__file__", None) is not None


def _by_path(module: str, name: str, asking: str = "") -> Target | None:
    """Look for a name in the package that a module of 1.x was in, and in those around it.

    Args:
        module: Full name of the module, in this package.
        name: The name.
        asking: A package whose own table has been looked into.
    """
    stem = module.rpartition(".")[2]
    package = module
    while package:
        if package != asking and name in _table(package):  # the asking package has looked into its own table
            return Target(package, name)
        found = _definitions(package).get(name, ())
        alike = [other for other in found if other in stem or stem in other]
        if not alike and not _has_table(package):  # of a package that a user has rewritten
            alike = list(found)
        if len(alike) == 1:
            return Target(f"{package}.{alike[0]}", name)
        package = package.rpartition(".")[0]
    return None


def _table(package: str) -> Collection[str]:
    """Return what a package of ours exports; nothing for other modules."""
    folder = _folder(package)
    if folder is None:
        return ()
    return vars(importlib.import_module(package)).get("__all__", ())


def _has_table(package: str) -> bool:
    """Whether a package says what it contains, as all do until a user rewrites one."""
    return TABLE in vars(sys.modules.get(package, sys))


def components(package: str) -> dict[str, str]:
    """Return what the files of a package define -> their modules, private ones left out."""
    found = _definitions(package).items()
    return {name: f"{package}.{stems[0]}" for name, stems in found if not name.startswith("_")}


def _folder(package: str) -> Path | None:
    """Return the folder of a package of ours; None if there is no such package."""
    if package.partition(".")[0] != "mmpretrain":
        return None
    folder = Path(mmpretrain.__file__).parent.joinpath(*package.split(".")[1:])
    return folder if (folder / "__init__.py").is_file() else None


@cache
def _definitions(package: str) -> dict[str, list[str]]:
    """Return the names that the modules of a package define -> these modules."""
    found: dict[str, list[str]] = {}
    folder = _folder(package)
    for file in [] if folder is None else sorted(folder.glob("[!_]*.py")):
        for line in _DEFINITION.finditer(file.read_text(encoding="utf-8")):
            found.setdefault(line[1], []).append(file.stem)
    return found


_DEFINITION = re.compile(r"^(?:class |def |)([A-Za-z_]\w*)(?=\(|:| = )", re.MULTILINE)


def reason(module: str, name: str = "") -> str | None:
    """Return what to do about a module or a name that has no counterpart on purpose."""
    for path in filter(None, (module, own_path(module))):
        while path:
            if path in gone.MODULES:
                return gone.MODULES[path]
            path = path.rpartition(".")[0]
    return gone.NAMES.get(name)


def explain(module: str, name: str) -> OldNameError:
    """Return the error for a name that cannot be found: where it is imported, and what to do."""
    where, by_import = _user()
    full = f"{module}.{name}"
    why = reason(full) or reason(module, name)
    known = MODULES.get(module) or MODULES.get(own_path(module) or "") or frozenset()
    if why is not None:
        error = OldNameError(f"{full} is not in mmpretrain 2.x: {why}", where=where)
    elif name in NOT_YET or (name in known and ".multimodal" in module):
        hint = "docs/zoo.md says which families are there."
        error = OldNameError(f"{full} of MMPretrain 1.x is not implemented here yet", where=where, hint=hint)
    elif name in known or full in MODULES:
        hint = "docs/old_names.md lists the names that have one."
        error = OldNameError(f"{full} has no counterpart in mmpretrain 2.x", where=where, hint=hint)
    else:
        root = _tables().get(module, {})  # the packages themselves offered what their parts did
        hint = did_you_mean(name, children(module)) if name == name.lower() and not by_import else None
        hint = hint or did_you_mean(name, [*known, *root, *children(module), *_table(module)])
        error = OldNameError(f"{module} has no {name!r}", where=where, hint=hint)
    error.by_import = by_import
    return error


def _user() -> tuple[str | None, bool]:
    """Return the file and line that asks for a name, and whether it does so by ``from ... import``."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_MACHINERY) and not code.co_filename.endswith(_MACHINERY_ENDS):
            by_import = code.co_code[frame.f_lasti] == _IMPORT_FROM
            return f"{short_path(code.co_filename)}:{frame.f_lineno}", by_import
        frame = frame.f_back
    return None, False


#: Code between an import statement and this module.
_MACHINERY = ("<frozen importlib", str(Path(__file__).parent))
_MACHINERY_ENDS = (
    os.path.join("utils", "former.py"),
    os.path.join("utils", "lazy.py"),
    os.path.join("importlib", "__init__.py"),
)
_IMPORT_FROM = dis.opmap["IMPORT_FROM"]
