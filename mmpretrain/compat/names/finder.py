"""From the import of an old module to a module whose names are looked up one by one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from mmpretrain.compat.names.imported import STAR, is_imported, load
from mmpretrain.compat.names.modules import MODULES, VERSIONS, children, is_known
from mmpretrain.compat.names.resolve import OldNameError, explain, resolve
from mmpretrain.utils.former import WithOldNames


class OldModule(ModuleType):
    """A module of a former package, or at a former path of this one; its names are found when used."""

    def __getattr__(self, name: str) -> Any:
        return lookup(self.__name__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # A function may have the name of the module that it is in, and is meant then.
        if not isinstance(value, OldModule) or resolve(self.__name__, name) is None:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *public(self.__name__)})


def public(module: str) -> list[str]:
    """Return the public names of an old module that have a counterpart."""
    return sorted(name for name in MODULES.get(module, ()) if resolve(module, name) is not None)


def star(module: str) -> list[str]:
    """Return what ``from module import *`` gives: names of the module, and those that it imported in 1.x."""
    own = (name for name in vars(sys.modules[module]) if not name.startswith("_"))
    others = (name for name in STAR if is_imported(name) or resolve(module, name) is not None)
    return sorted({*own, *public(module), *others})


def lookup(module: str, name: str) -> Any:
    """Return an attribute of an old module.

    Raises:
        AttributeError: If there is none, with what to use instead.
    """
    if name == "__all__":
        return star(module)
    if name == "__version__" and module in VERSIONS:
        return VERSIONS[module]
    if name.startswith("__") and (name, module) != ("__version__", "mmpretrain.version"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    target = resolve(module, name)
    if target is None and name in children(module):
        return importlib.import_module(f"{module}.{name}")
    if target is None and is_imported(name):
        return load(name)
    if target is None:
        error = explain(module, name)
        # `hasattr` expects an AttributeError, whose text an import statement would replace.
        raise error if error.by_import else AttributeError(str(error))
    value = target.load()
    setattr(sys.modules[module], name, value)
    return value


class _OldLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return OldModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module empty: its names are found when they are used."""


class _ThenServe(Loader):
    """Runs a module of the real MMEngine, and then lets it work with our parts."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        importlib.import_module("mmpretrain.compat.names.real").SERVED[module.__name__](module)


def find_former(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """Return the spec of a module of a former package; None leaves it to the real package.

    Args:
        name: Full name of the module.
        path: The search path of its parent.

    Raises:
        OldNameError: If the former package had no such module, or it has no counterpart.
    """
    root = name.partition(".")[0]
    if _is_real(root):
        return _serving(name, path)
    found = PathFinder.find_spec(name, path) if path is None or path else None
    if found is not None and isinstance(found.loader, SourceFileLoader):  # a file of the user
        found.loader = WithOldNames(found.loader.name, found.loader.path)
        return found
    folders = list(found.submodule_search_locations or ()) if found is not None else []
    return _spec(name, folders)


def find_own(name: str) -> ModuleSpec | None:
    """Return the spec of a former module of this package; None where there never was such a module."""
    if is_known(name):
        return _spec(name, [])
    parent, _, attribute = name.rpartition(".")
    # `from module import name` looks for a module of that name last; this is the place to say what it is now.
    if attribute in MODULES.get(parent, ()) and resolve(parent, attribute) is None:
        raise explain(parent, attribute)
    return None


def _spec(name: str, folders: list[str]) -> ModuleSpec | None:
    parent, _, attribute = name.rpartition(".")
    if folders or is_known(name):
        spec = ModuleSpec(name, _OldLoader(), is_package=True)
        spec.submodule_search_locations = folders
        return spec
    if attribute in MODULES.get(parent, ()) and resolve(parent, attribute) is not None:
        return None  # a class or function, and no module
    if attribute.startswith("_"):
        return None  # whether there is a compiled part is asked with `find_spec`, by MMEngine too
    raise explain(parent, attribute) if parent else OldNameError(f"There is no module {name!r}")


def _serving(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    if name not in ("mmengine.registry", "mmengine.dataset.utils"):
        return None
    spec = PathFinder.find_spec(name, path)
    if spec is not None and spec.loader is not None:
        spec.loader = _ThenServe(spec.loader)
    return spec


def _is_real(root: str) -> bool:
    """Whether the real package is installed: a folder of the user has no ``version.py``."""
    module = sys.modules.get(root)
    if module is not None:
        origin = getattr(module, "__file__", None)
    else:
        spec = PathFinder.find_spec(root)
        origin = None if spec is None else spec.origin
    return origin is not None and Path(origin).with_name("version.py").is_file()
