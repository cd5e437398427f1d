"""The packages whose parts are in this one now, and how to reach what is kept for their users."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

#: Packages of the toolboxes that became mmpretrain.
TOOLBOXES = frozenset({"mmcls", "mmselfsup"})
#: Packages that the toolboxes were built on.
FOUNDATIONS = frozenset({"mmcv", "mmengine"})
#: All of them.
FORMER = TOOLBOXES | FOUNDATIONS

#: Methods that tell that a user's class was written for 0.x, by the registry it is in.
OLD_METHODS = {
    "dataset": frozenset({"evaluate", "get_classes", "load_annotation", "load_datalist"}),
    "hook": frozenset(
        f"{when}_{what}"
        for when in ("before", "after")
        for what in ("epoch", "iter", "train_iter", "val_iter", "test_iter")
    ),
    "model": frozenset({"forward_train", "forward_test", "simple_test", "post_process", "train_step"}),
    "transform": frozenset({"transform"}),
}


def compat(module: str) -> Any:
    """Import a module of :mod:`mmpretrain.compat`, which no other room imports at its top.

    Args:
        module: Its name below ``mmpretrain.compat``.
    """
    return importlib.import_module(f"mmpretrain.compat.{module}")


class WithOldNames(SourceFileLoader):
    """Loads a module, and lets names be found in it that it, or its predecessor, had in former versions."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the file; unless it answers for missing names itself, look them up in the old ones."""
        super().exec_module(module)
        if "__getattr__" not in vars(module):
            vars(module)["__getattr__"] = partial(old_attribute, module.__name__)


class Rewritable(SourceFileLoader):
    """Loads a package whose ``__init__.py`` users rewrite, as tutorials tell them to.

    One that imports what it exports, instead of declaring it with ``lazy_package``, still answers for the
    rest: its components are found by reading its files, and old names by the tables.
    """

    def exec_module(self, module: ModuleType) -> None:
        """Run the file; unless it answers for missing names itself, look them up."""
        super().exec_module(module)
        if "__getattr__" not in vars(module):
            vars(module)["__getattr__"] = partial(_rewritten_attribute, module)


def _rewritten_attribute(module: ModuleType, name: str) -> Any:
    if name == "__components__":
        return compat("names.resolve").components(module.__name__)
    plain = name.startswith("__") or _holds(module.__name__, name)
    home = None if plain else module.__components__.get(name)
    if home is None:
        return old_attribute(module.__name__, name)
    return getattr(importlib.import_module(home), name)


def old_attribute(module: str, name: str) -> Any:
    """Return what a name that a module does not have meant in former versions.

    Args:
        module: Full name of the module.
        name: The name.

    Raises:
        AttributeError: If there is no such name, with what to use in place of it.
    """
    if name == "__all__" and not hasattr(sys.modules[module], "__path__"):  # a star import of a module
        return compat("names.finder").lookup(module, name)
    # `from package import module` asks the package first: that must cost nothing.
    if name.startswith("__") or _holds(module, name):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return compat("names.finder").lookup(module, name)


def _holds(package: str, name: str) -> bool:
    """Whether a package has a module of that name."""
    folders = getattr(sys.modules[package], "__path__", ())
    return any(
        os.path.isfile(os.path.join(folder, f"{name}.py")) or os.path.isdir(os.path.join(folder, name))
        for folder in folders
    )


class NewestFirst:
    """The finder that is asked first: for modules of former packages, and for those of this one.

    A former package that is really installed is left alone. A folder of the user that has the name of one
    must not hide the old names, which is why this stands first.
    """

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is found; None for everything else."""
        root, dot, rest = name.partition(".")
        if root in FORMER:
            return compat("names.finder").find_former(name, path)
        if root != "mmpretrain" or not dot or rest.startswith("compat"):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            kind = WithOldNames if spec.submodule_search_locations is None else Rewritable
            spec.loader = kind(spec.loader.name, spec.loader.path)
        return spec


class OldestLast:
    """The finder that is asked last: for modules of this package under the paths that they had in 1.x."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is found; None for everything that is not about this package."""
        if not name.startswith("mmpretrain.") or name.startswith("mmpretrain.compat"):
            return None
        return compat("names.finder").find_own(name)


def serve_old_names() -> None:
    """Let old import names be found from now on; the tables behind them are read when one is asked for."""
    if NewestFirst not in sys.meta_path:
        sys.meta_path.insert(0, NewestFirst)
        sys.meta_path.append(OldestLast)
        real = sys.modules.get("mmengine.registry")  # one that was imported before this package
        if getattr(real, "__file__", None) is not None:
            compat("names.real").serve_loaded()
