"""Classes of a user that extend a component of ours, and rely on what that component had in 1.x."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import Any

from torch import nn

from mmpretrain.compat.protocols.usage import is_used
from mmpretrain.errors import ConfigError

#: Methods of 1.x that have another name today, with the same arguments.
RENAMED = {"_format_output": "format"}
#: Attributes of 1.x -> the attribute of today that holds the same.
SAME = {"norm1": "ln1", "norm2": "ln2"}

#: What to override in place of a method that is called no more.
_INSTEAD = {
    "_make_stem_layer": "Override make_stem(in_channels, channels, parts).",
    "_save_checkpoint": "Override after_train_epoch() or after_train_iter().",
    "_draw_samples": "Override after_val_iter() and after_test_iter().",
    "_resize_img": "Override transform().",
    "_flip": "Override transform().",
}


def adapt(cls: type) -> None:
    """Let what a class takes over from 1.x be called, and give it the attributes that it may read.

    Raises:
        ConfigError: If it overrides a method of 1.x that is called no more, so that nothing would use it.
    """
    ours = next((owner for owner in cls.__mro__[1:] if owner.__module__.startswith("mmpretrain.")), None)
    if ours is None:
        return
    own = {name for owner in _before(cls, ours) for name in vars(owner)}
    for name in sorted(own):
        parents = overrides().get(name, frozenset()) & {owner.__name__ for owner in ours.__mro__}
        if parents and not hasattr(ours, name) and not is_used(cls, name):
            raise _unused(cls, name, next(owner for owner in ours.__mro__ if owner.__name__ in parents))
    if issubclass(cls, nn.Module):
        _add_old_names(cls, ours, own)
        for owner in ours.__mro__:
            if owner.__module__.startswith("mmpretrain.models.") and "__init__" in vars(owner):
                _let_remember(owner)


def _before(cls: type, ours: type) -> Iterator[type]:
    return iter(cls.__mro__[: cls.__mro__.index(ours)])


def _unused(cls: type, name: str, parent: type) -> ConfigError:
    called = (
        method
        for method, value in vars(parent).items()
        if inspect.isfunction(value) and not method.startswith("_")
    )
    return ConfigError(
        f"{cls.__name__}.{name} would never be called: it overrides what {parent.__name__} had in 1.x",
        hint=_INSTEAD.get(name, f"{parent.__name__} calls these here: {', '.join(sorted(called))}."),
        key=name,
    )


@cache
def overrides() -> dict[str, frozenset[str]]:
    """Return the methods of 1.x that are called no more -> the classes that had them."""
    text = resources.files("mmpretrain.compat.protocols").joinpath("overrides.txt").read_text("utf-8")
    lines = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    return {name: frozenset(classes.split()) for name, _, classes in lines}


def _add_old_names(cls: Any, ours: Any, own: set[str]) -> None:
    for old, new in RENAMED.items():
        if not hasattr(ours, new):
            continue
        if old in own and new not in own:
            setattr(cls, new, _calling(old))
        # What `super()` and the class itself find under the old name.
        for owner in ours.__mro__:
            if new in vars(owner) and old not in vars(owner):
                setattr(owner, old, vars(owner)[new])
    for old, new in SAME.items():
        if not hasattr(cls, old):
            setattr(cls, old, property(lambda self, new=new: getattr(self, new)))


def _calling(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any) -> Any:
        return getattr(self, name)(*args)

    return method


def _let_remember(owner: Any) -> None:
    """Let objects of a user's class keep the arguments that the constructor of ours gets.

    1.x kept most of them as attributes. Objects of our own classes are made as before.
    """
    init = vars(owner)["__init__"]
    if hasattr(init, "remembers"):
        return
    signature = inspect.signature(init)

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self).__module__ == owner.__module__:
            init(self, *args, **kwargs)
            return
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        names = {name: value for name, value in given.arguments.items() if name not in _variadic(signature)}
        for name, value in names.items():
            if name.endswith("_cfg") and name != "init_cfg":  # read by methods that the constructor calls
                vars(self).setdefault(name, value)
        init(self, *args, **kwargs)
        for name, value in names.items():
            if not hasattr(self, name):
                vars(self)[name] = value

    __init__.remembers = True  # type: ignore[attr-defined]
    owner.__init__ = __init__


def _variadic(signature: inspect.Signature) -> set[str]:
    """Return the names of ``self``, ``*args`` and ``**kwargs``."""
    names = list(signature.parameters.values())
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {names[0].name, *(parameter.name for parameter in names if parameter.kind in kinds)}
