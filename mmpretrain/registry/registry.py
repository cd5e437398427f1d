"""A registry: from names to classes.

It knows where components live without importing them: each location is a package with a table
(:func:`mmpretrain.utils.lazy.lazy_package`), and a component's module is imported when it is first asked for.

Scope prefixes of the libraries that this package replaces (``mmpretrain.ResNet``, ``mmcls.ResNet``,
``mmengine.LoggerHook``, ...) all lead to the same registries.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from mmpretrain.errors import ConfigError, NameTakenError, OptionalDependencyError, add_note
from mmpretrain.registry.building import build_from_cfg
from mmpretrain.registry.explanations import name_taken, origin, ways_out
from mmpretrain.utils.foreign import Foreign
from mmpretrain.utils.former import FORMER, OLD_METHODS, compat
from mmpretrain.utils.lazy import TABLE

logger = logging.getLogger(__name__)

#: Libraries whose components live here now; ``mmcls.X`` and ``mmpretrain.X`` are the same thing.
SCOPES = FORMER | {"mmpretrain"}

_NONE: frozenset[str] = frozenset()
#: Names with these prefixes stand for classes of another package: prefix -> module to look them up in.
FOREIGN = {"torchvision/": "mmpretrain.datasets.transforms.from_torchvision"}

#: The registries of this package by the name under which they are imported.
ALL: dict[str, Registry] = {}


class Registry:
    """A table from names to classes (or functions) that builds objects from config dicts.

    Args:
        name: What it holds, in the singular; used in messages.
        build_func: Called as ``build_func(cfg, registry=self, **kwargs)`` by :meth:`build`.
        parent: Where to look for what is not found here.
        scope: Name of the library that owns this registry; prefixes of that name are accepted.
        locations: Packages to search. Those with a component table are searched without importing
            their modules; others are imported whole.
    """

    def __init__(
        self,
        name: str,
        build_func: Callable[..., Any] | None = None,
        parent: Registry | None = None,
        scope: str | None = None,
        locations: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.scope = scope or "mmpretrain"
        self.parent = parent
        self.build_func = build_func or (parent.build_func if parent else build_from_cfg)
        self._locations = list(locations)
        self._objects: dict[str, Any] = {}
        self._places: dict[str, str] = {}  # where each was registered
        self._forced: set[str] = set()  # names that were overwritten with force=True
        self._clashes: dict[str, NameTakenError] = {}  # names that are in use twice
        self._children: dict[str, Registry] = {}
        self._waiting: list[tuple[type, list[str], str]] = []  # classes to adapt once all tables are there
        if parent is not None:
            parent._children[self.scope] = self

    # -- looking up ---------------------------------------------------------------------------------

    @property
    def module_dict(self) -> dict[str, Any]:
        """What has been registered so far, by name. Components that were never asked for are absent."""
        return self._objects

    @property
    def children(self) -> dict[str, Registry]:
        """Registries that name this one as their parent, by scope."""
        return self._children

    def names(self) -> list[str]:
        """All names that can be built, sorted. The modules in which they live are imported."""
        for module in set(self._table().values()):
            with suppress(ImportError):  # without its package, nothing of it can be built
                importlib.import_module(module)
        return sorted(self._objects)

    def declares(self, name: str) -> bool:
        """Whether a name is listed where this registry looks; nothing is imported."""
        return name in self._objects or name in self._table()

    def __len__(self) -> int:
        return len(self.names())

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __repr__(self) -> str:
        return f"Registry(name={self.name!r}, scope={self.scope!r}, items={len(self)})"

    def get(self, key: str) -> Any | None:
        """Return what ``key`` names, or None.

        Args:
            key: ``'ResNet'``, a scoped name (``'mmpretrain.ResNet'``), a name of another package
                (``'torchvision/RandomCrop'``) or an import path (``'my_pkg.my_net.MyNet'``).

        Raises:
            OptionalDependencyError: If the name belongs to a package that is not installed.
        """
        if not isinstance(key, str):
            raise TypeError(f"A registry key is a string, got {type(key).__name__}: {key!r}")
        scope, dot, rest = key.partition(".")
        if dot and (scope in SCOPES or scope == self.scope) and "." not in rest:
            key = rest
        elif dot and scope in self._children and scope not in SCOPES:
            return self._children[scope].get(type(key)(rest))
        found = self._get_here(key)
        if found is None and self.parent is not None:
            found = self.parent.get(key)
        if found is None and "." in key:
            if not isinstance(key, Foreign):
                return _import_path(key)
            if scope in SCOPES:  # configs in pure-Python style are written out with paths of classes
                return self.get(key.rpartition(".")[2])
        return found

    def _get_here(self, key: str) -> Any | None:
        if key not in self._objects:
            module = self._table().get(key)
            if module is not None:
                importlib.import_module(module)
            elif (found := _foreign(key)) is not None:
                self._objects[key] = found
        self._adapt_waiting()
        if key in self._clashes:
            raise self._clashes[key]
        return self._objects.get(key)

    def _table(self) -> dict[str, str]:
        table: dict[str, str] = {}
        for location in self._locations:
            table.update(getattr(importlib.import_module(location), TABLE, {}))
        return table

    # -- registering --------------------------------------------------------------------------------

    def register_module(
        self,
        name: str | Iterable[str] | None = None,
        force: bool = False,
        module: Any | None = None,
    ) -> Any:
        """Register a class or function, as a decorator or by a call.

        Args:
            name: Name, or several names, to register under; by default the object's ``__name__``.
            force: Replace what is registered under that name already.
            module: The object, when this is not used as a decorator.

        Example:
            >>> @MODELS.register_module()
            ... class MyNet(nn.Module): ...
            >>> MODELS.register_module(name='MyNet2', module=MyNet)
        """
        if not isinstance(force, bool):
            raise TypeError(f"force must be a bool, got {type(force).__name__}: {force!r}")
        if inspect.isclass(name) or inspect.isfunction(name):  # used as @MODELS.register_module
            self._register(name, None, force)
            return name
        names = [name] if isinstance(name, str) else list(name) if name is not None else None
        if names is not None and not all(isinstance(item, str) for item in names):
            raise TypeError(f"name must be a string or strings, got {name!r}")
        if module is not None:
            self._register(module, names, force)
            return module

        def decorator(obj: Any) -> Any:
            self._register(obj, names, force)
            return obj

        return decorator

    def _register(self, obj: Any, names: list[str] | None, force: bool) -> None:
        if not callable(obj):
            raise TypeError(
                f"Only classes and functions can be registered, got {type(obj).__name__}: {obj!r}"
            )
        module, place = _caller()
        if inspect.isclass(obj):
            self._adapt(obj, names or [obj.__name__], module)
        for name in names or [obj.__name__]:
            known = self._objects.get(name)
            home = self._home(name)
            own = module == home or module.startswith("mmpretrain.")
            if home is not None and not own and name not in self._forced and not is_former_name(name):
                self._take_over(name, obj, place)  # the user's class had the name first
                continue
            if not force and known is not None and not _same_definition(known, obj):
                error = name_taken(name, self.name, self._places[name], place)
                if not own:
                    raise error
                # A built-in whose name is in use. Whoever imports it is not to blame.
                if name not in self._forced:
                    self._clashes[name] = error
                continue
            if not force and known is None and home is not None and not own:
                raise name_taken(name, self.name, origin(home), place)
            self._objects[name] = obj
            self._places[name] = place
            if force:
                self._forced.add(name)

    def _take_over(self, name: str, obj: Any, place: str) -> None:
        """Give a user a name that became one of this package after 1.x, so that code for 1.x still works."""
        logger.warning("%s: %s replaces the %s of this package of that name.", place, name, self.name)
        self._objects[name], self._places[name] = obj, place
        self._forced.add(name)

    def _adapt(self, cls: type, names: list[str], module: str) -> None:
        """Let a class of the user that is written for 0.x or 1.x do its work through the methods of today."""
        old = not OLD_METHODS.get(self.name, _NONE).isdisjoint(vars(cls))
        if not old and not any(owner.__module__.startswith("mmpretrain.") for owner in cls.__mro__[1:]):
            return
        if self._is_being_imported():  # its tables are not complete yet, and cannot tell our classes
            self._waiting.append((cls, names, module))
        elif all(self._home(name) != module for name in names):
            compat("protocols").adapt(self.name, cls)

    def _is_being_imported(self) -> bool:
        """Whether a package of this registry is in the middle of its import, as where a user rewrote one."""
        specs = (getattr(sys.modules.get(location), "__spec__", None) for location in self._locations)
        return any(getattr(spec, "_initializing", False) for spec in specs)

    def _adapt_waiting(self) -> None:
        """Adapt the classes that were registered during the import of a package."""
        if self._waiting and not self._is_being_imported():
            waiting, self._waiting = self._waiting, []
            for cls, names, module in waiting:
                self._adapt(cls, names, module)

    def _home(self, name: str) -> str | None:
        """Return the module that a table names for a component."""
        for location in self._locations:
            home = getattr(importlib.import_module(location), TABLE, {}).get(name)
            if home is not None:
                return home
        return None

    def ways_out(self, name: str) -> Iterator[str]:
        """Yield what to do about a name that is not here."""
        bare = name.rpartition(".")[2]
        others = [other for other in ALL.values() if other is not self and bare in other._table()]
        elsewhere = [other.name for other in others if bare in other.names()]
        return ways_out(bare, self.names(), elsewhere)

    # -- building -----------------------------------------------------------------------------------

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build an object from a dict with a ``type``; an object that is built already is returned as it is.

        Args:
            cfg: The config, or the object itself.
            *args: Passed on to the registry's ``build_func``.
            **kwargs: Passed on to the registry's ``build_func`` (``default_args`` for the usual one).

        Raises:
            NotRegisteredError: If the type is unknown.
            ArgumentError: If the arguments do not fit its signature.
        """
        return self.build_func(cfg, *args, **kwargs, registry=self)


@cache
def _former_names() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("former_names.txt").read_text(encoding="utf-8").split())


def is_former_name(name: str) -> bool:
    """Whether a component of MMPretrain 1.x, or of what it was built on, has this name."""
    return name in _former_names()


def _caller() -> tuple[str, str]:
    """Return the module that registers something, and the line in it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    if frame is None:
        return "", ""
    return frame.f_globals.get("__name__", ""), f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _same_definition(a: Any, b: Any) -> bool:
    """Whether two objects stem from one definition, as after ``importlib.reload`` or a second ``exec``."""
    return a is b or (
        getattr(a, "__module__", 0) == getattr(b, "__module__", 1)
        and getattr(a, "__qualname__", 0) == getattr(b, "__qualname__", 1)
        and a.__module__ != "__main__"
    )


def _foreign(key: str) -> Any | None:
    for prefix, module in FOREIGN.items():
        if key.startswith(prefix):
            try:
                return getattr(importlib.import_module(module), key.removeprefix(prefix), None)
            except Exception as error:  # a broken torchvision fails with RuntimeError, not ImportError
                package = prefix.rstrip("/")
                raise OptionalDependencyError(
                    f"{key!r} is a transform of {package}, which does not import here ({error})",
                    hint=f"Install a {package} that matches your torch, or use mmpretrain's own transform.",
                ) from error
    return None


def _import_path(path: str) -> Any | None:
    """Resolve ``package.module.Class``; None when there is no such thing."""
    if not all(part.isidentifier() for part in path.split(".")):
        return None
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(error.name + ".")):
            # `module` may itself be a class: package.module.Class.method
            owner = _import_path(module) if "." in module else None
            return getattr(owner, name, None) if owner is not None else None
        raise
    except SystemExit as error:
        raise ConfigError(f"{module!r} ends Python when it is imported (exit code {error.code})") from error
    except Exception as error:
        add_note(error, f"This was raised while {module!r} was imported, which a 'type' names.")
        raise
