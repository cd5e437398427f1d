"""From a config with a ``type`` to the object that it describes."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmpretrain.arguments import blamed, check_arguments
from mmpretrain.blame import locate
from mmpretrain.errors import ArgumentError, ConfigError, NotRegisteredError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.foreign import refuse_foreign

if TYPE_CHECKING:
    from mmpretrain.registry.registry import Registry


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
        hint=" ".join(registry.ways_out(kind)),
    )
