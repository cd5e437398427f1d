"""Dicts that name no type in places where something is built from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.config.checks.problem import Problem, problem
from mmpretrain.config.tracked import raw_items
from mmpretrain.errors import MMPretrainError
from mmpretrain.registry import MODELS, resolve_type
from mmpretrain.utils.brief import brief

#: Parts of models of this package.
_PARTS = ("backbone", "neck", "head")


def check_parts(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Find hooks and parts of the model that are neither a dict with a type nor something that is built."""
    for path, value in (*_hooks(cfg), *_model_parts(cfg)):
        for place, item in _single(path, value):
            if isinstance(item, Mapping):
                if "type" not in item:
                    keys = ", ".join(map(repr, map(str, item))) or "nothing"
                    yield problem(
                        cfg,
                        place,
                        f"a dict here needs the key 'type', and has {keys}",
                        "Name the class, or leave the whole entry out.",
                    )
            elif type(item).__module__ == "builtins" and not callable(item) and item is not None:
                yield problem(cfg, place, f"a dict with a 'type' is needed here, got {brief(item)}")


def _hooks(cfg: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    hooks = cfg.get("default_hooks")
    if isinstance(hooks, Mapping):
        yield from ((f"default_hooks.{name}", hook) for name, hook in raw_items(hooks))


def _model_parts(cfg: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    model = cfg.get("model")
    if not isinstance(model, Mapping) or "type" not in model:
        return
    try:
        owner = resolve_type(model["type"], MODELS)
    except (MMPretrainError, ImportError):  # check_signatures says so
        return
    if getattr(owner, "__module__", "").startswith("mmpretrain."):
        yield from ((f"model.{name}", model[name]) for name in _PARTS if name in model)


def _single(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value, or the items of a list, which becomes a sequence of modules."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield f"{path}.{index}", item
    else:
        yield path, value
