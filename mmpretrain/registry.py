"""Registries: from the ``type`` in a config to the class that it names.

A registry knows where components live without importing them: each location is a package with a table
(:func:`mmpretrain.utils.lazy.lazy_package`), and a component's module is imported when it is first asked for.

Scope prefixes of the libraries that this package replaces (``mmpretrain.ResNet``, ``mmcls.ResNet``,
``mmengine.LoggerHook``, ...) all lead to the same registries.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from mmpretrain.arguments import blamed, check_accepts, check_arguments
from mmpretrain.errors import (
    ArgumentError,
    ConfigError,
    NameTakenError,
    NotRegisteredError,
    OptionalDependencyError,
    add_note,
)
from mmpretrain.utils.blame import locate
from mmpretrain.utils.brief import brief
from mmpretrain.utils.foreign import Foreign, refuse_foreign
from mmpretrain.utils.former import FORMER, OLD_METHODS, compat
from mmpretrain.utils.lazy import TABLE
from mmpretrain.utils.suggest import did_you_mean

#: Libraries whose components live here now; ``mmcls.X`` and ``mmpretrain.X`` are the same thing.
SCOPES = FORMER | {"mmpretrain"}

_NONE: frozenset[str] = frozenset()
#: Names with these prefixes stand for classes of another package: prefix -> module to look them up in.
FOREIGN = {"torchvision/": "mmpretrain.datasets.transforms.from_torchvision"}


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
        self._forced: set[str] = set()  # names that someone took on purpose
        self._clashes: dict[str, NameTakenError] = {}  # names that are in use twice
        self._children: dict[str, Registry] = {}
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
        """All names that can be built, sorted, whether or not their module has been imported."""
        return sorted({*self._objects, *self._table()})

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
        elif dot and scope in self._children:
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
        if inspect.isclass(obj) and not OLD_METHODS.get(self.name, _NONE).isdisjoint(vars(obj)):
            self._adapt(obj, module)
        for name in names or [obj.__name__]:
            known = self._objects.get(name)
            home = self._home(name)
            own = module == home or module.startswith("mmpretrain.")
            if not force and known is not None and not _same_definition(known, obj):
                error = _taken(name, self, self._places[name], place)
                if not own:
                    raise error
                # A built-in whose name is in use. Whoever imports it is not to blame.
                if name not in self._forced:
                    self._clashes[name] = error
                continue
            if not force and known is None and home is not None and not own:
                raise _taken(name, self, _file_of(home), place)
            self._objects[name] = obj
            self._places[name] = place
            if force:
                self._forced.add(name)

    def _adapt(self, cls: type, module: str) -> None:
        """Let a class of the user with methods of 0.x do its work through those of today."""
        if self._home(cls.__name__) != module and not module.startswith("mmpretrain.engine.hooks."):
            compat("protocols").adapt(self.name, cls)

    def _home(self, name: str) -> str | None:
        """Return the module that a table names for a component."""
        for location in self._locations:
            home = vars(importlib.import_module(location)).get(TABLE, {}).get(name)
            if home is not None:
                return home
        return None

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


def build_from_cfg(cfg: Any, registry: Registry, default_args: Mapping[str, Any] | None = None) -> Any:
    """Build what ``cfg['type']`` names with the other items as keyword arguments.

    Args:
        cfg: A mapping with a ``type`` (a name, a class or a function), or an object that needs no building.
        registry: Where names are looked up.
        default_args: Arguments to use where ``cfg`` has none; they may include ``type``.
    """
    if not isinstance(cfg, Mapping):
        if type(cfg).__module__ == "builtins" and not callable(cfg):  # also None and numbers
            raise ArgumentError(f"A {registry.name} config must be a dict with a 'type', got {brief(cfg)}")
        return cfg
    args: dict[str, Any] = {**(default_args or {}), **cfg}
    # `_scope_` switched between the registries of several libraries; here there is only one.
    args.pop("_scope_", None)
    if "type" not in args:
        raise ConfigError(
            f"A {registry.name} config needs the key 'type', got only {sorted(map(str, args))}",
            where=locate(cfg),
        )
    kind = args.pop("type")
    target = resolve_type(kind, registry, where=locate(cfg, "type"))
    check_arguments(target, args, cfg=cfg, label=kind if isinstance(kind, str) else None)
    with blamed(target, args, cfg):
        built = target(**args)
    if built is None:
        raise ConfigError(f"{brief(kind)} built nothing: it returned None", where=locate(cfg, "type"))
    return built


def build_runner_from_cfg(cfg: Mapping[str, Any], registry: Registry) -> Any:
    """Build the runner that a whole config names with ``runner_type``, by default a ``Runner``."""
    kind = resolve_type(cfg.get("runner_type", "Runner"), registry, where=locate(cfg, "runner_type"))
    return kind.from_cfg(cfg)


def resolve_type(kind: Any, registry: Registry, where: str | None = None) -> Any:
    """Return the class or function that the value of a ``type`` key stands for.

    Raises:
        NotRegisteredError: With close names, and with classes of that name in the working folder.
    """
    if not isinstance(kind, str):
        # Configs in pure-Python style hold classes that are imported when they are built.
        build = getattr(kind, "build", None)
        if not inspect.isclass(kind) and callable(build) and hasattr(kind, "dump_str"):
            kind = build()
        if not callable(kind):
            raise ConfigError(f"'type' must be a name, a class or a function, got {brief(kind)}", where=where)
        return kind
    found = registry.get(kind)
    if callable(found):
        if getattr(found, "FETCHES", False):
            refuse_foreign(kind, "fetches from elsewhere, and is built")
        return found
    if "." in kind:
        refuse_foreign(kind, "is imported")
    if found is not None:
        raise ConfigError(f"{kind!r} is a {type(found).__name__}, no class or function", where=where)
    raise NotRegisteredError(
        f"{brief(kind)} is not a registered {registry.name}",
        where=where,
        hint=" ".join(_ways_out(kind, registry)),
    )


def _caller() -> tuple[str, str]:
    """Return the module that registers something, and the line in it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    if frame is None:
        return "", ""
    return frame.f_globals.get("__name__", ""), f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _file_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    return module if spec is None or spec.origin is None else spec.origin


def _short(file: str) -> str:
    here = os.getcwd() + os.sep
    return file.removeprefix(here)


def _taken(name: str, registry: Registry, first: str, second: str) -> NameTakenError:
    return NameTakenError(
        f"{name!r} is already registered as a {registry.name}, in {_short(first)}",
        where=_short(second),
        hint="Use another name, or register_module(force=True) to replace it.",
    )


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


def _ways_out(name: str, registry: Registry) -> Iterator[str]:
    bare = name.rpartition(".")[2]
    if bare in compat("components").NOT_YET:
        yield "MMPretrain 1.x has it; it is not implemented here yet. docs/zoo.md says which families are."
        return
    meant = did_you_mean(bare, registry.names())
    if meant:
        yield meant
    for other in ALL.values():
        if other is not registry and bare in other._table():
            yield f"There is a {other.name} of that name: it may be in the wrong place of the config."
    for path, line in find_class(bare, Path.cwd()):
        module = ".".join(path.with_suffix("").parts)
        yield (
            f"A class {bare} is in {path}:{line}: "
            f"add custom_imports=dict(imports=[{module!r}], allow_failed_imports=False) to the config."
        )
        return
    if not meant:
        yield "If it is yours, decorate it with register_module() and list its module in custom_imports."


def find_class(name: str, root: Path, max_files: int = 2000) -> Iterator[tuple[Path, int]]:
    """Find definitions of a class in the Python files below ``root``, as (relative path, line).

    Hidden folders, virtual environments and this package are left out; at most ``max_files`` are read.
    """
    own = Path(__file__).parent
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


def build_model_from_cfg(cfg: Any, registry: Registry, default_args: Mapping[str, Any] | None = None) -> Any:
    """Build a model; a list of configs gives a sequence of modules."""
    if isinstance(cfg, list):
        # Any registry that builds models can build this one; torch is not imported before it is needed.
        sequential = importlib.import_module("mmpretrain.models.base").Sequential
        return sequential(*(build_model_from_cfg(item, registry, default_args) for item in cfg))
    model = build_from_cfg(cfg, registry, default_args)
    if isinstance(cfg, Mapping) and hasattr(model, "freeze_declared"):
        model.freeze_declared()  # for constructors that add modules after the one of their base class
    return model


RUNNERS = Registry("runner", build_func=build_runner_from_cfg, locations=["mmpretrain.engine.runner"])
RUNNER_CONSTRUCTORS = Registry("runner constructor")
LOOPS = Registry("loop", locations=["mmpretrain.engine.runner"])
HOOKS = Registry("hook", locations=["mmpretrain.engine.hooks", "mmpretrain.compat.hooks"])
LOG_PROCESSORS = Registry("log processor", locations=["mmpretrain.engine.runner"])
STRATEGIES = Registry("strategy", locations=["mmpretrain.engine.runner", "mmpretrain.compat.runner"])
OPTIMIZERS = Registry("optimizer", locations=["mmpretrain.engine.optimizers"])
OPTIM_WRAPPERS = Registry(
    "optimizer wrapper", locations=["mmpretrain.engine.optimizers", "mmpretrain.compat.optimizers"]
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    "optimizer wrapper constructor", locations=["mmpretrain.engine.optimizers"]
)
PARAM_SCHEDULERS = Registry(
    "parameter scheduler", locations=["mmpretrain.engine.schedulers", "mmpretrain.compat.schedulers"]
)
DATASETS = Registry("dataset", locations=["mmpretrain.datasets"])
DATA_SAMPLERS = Registry("data sampler", locations=["mmpretrain.datasets.samplers"])
TRANSFORMS = Registry(
    "transform", locations=["mmpretrain.datasets.transforms", "mmpretrain.compat.transforms"]
)
FUNCTIONS = Registry("function", locations=["mmpretrain.datasets"])
MODELS = Registry("model", build_func=build_model_from_cfg, locations=["mmpretrain.models"])
MODEL_WRAPPERS = Registry("model wrapper", locations=["mmpretrain.engine.runner", "mmpretrain.compat.runner"])
WEIGHT_INITIALIZERS = Registry("weight initializer", locations=["mmpretrain.models"])
BATCH_AUGMENTS = Registry("batch augment", locations=["mmpretrain.models", "mmpretrain.compat.models"])
TASK_UTILS = Registry("task util", locations=["mmpretrain.models"])
METRICS = Registry("metric", locations=["mmpretrain.evaluation"])
EVALUATORS = Registry("evaluator", locations=["mmpretrain.evaluation"])
VISUALIZERS = Registry("visualizer", locations=["mmpretrain.visualization"])
VISBACKENDS = Registry("visualization backend", locations=["mmpretrain.visualization"])

#: Every registry by the name under which it is imported.
ALL: dict[str, Registry] = {key: value for key, value in vars().items() if isinstance(value, Registry)}

__all__ = [
    "BATCH_AUGMENTS",
    "DATASETS",
    "DATA_SAMPLERS",
    "EVALUATORS",
    "FUNCTIONS",
    "HOOKS",
    "LOG_PROCESSORS",
    "LOOPS",
    "METRICS",
    "MODELS",
    "MODEL_WRAPPERS",
    "OPTIMIZERS",
    "OPTIM_WRAPPERS",
    "OPTIM_WRAPPER_CONSTRUCTORS",
    "PARAM_SCHEDULERS",
    "RUNNERS",
    "RUNNER_CONSTRUCTORS",
    "STRATEGIES",
    "TASK_UTILS",
    "TRANSFORMS",
    "VISBACKENDS",
    "VISUALIZERS",
    "WEIGHT_INITIALIZERS",
    "Registry",
    "build_from_cfg",
    "blamed",
    "build_model_from_cfg",
    "check_accepts",
    "check_arguments",
]
