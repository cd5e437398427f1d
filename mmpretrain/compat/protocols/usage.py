"""Whether the code of a class uses one of its own methods."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType
from typing import Any


def is_used(cls: type, name: str) -> bool:
    """Whether a method of the class, or of one of its bases outside of this package, mentions a name."""
    return any(
        name in code.co_names
        for owner in cls.__mro__
        if owner is cls or not owner.__module__.startswith(("mmpretrain.", "torch.", "builtins"))
        for method in vars(owner).values()
        for code in codes(method)
    )


def codes(method: Any) -> Iterator[CodeType]:
    """Yield the code of a method or a property, and of the functions inside it."""
    if isinstance(method, (classmethod, staticmethod)):
        method = method.__func__
    for function in (method.fget, method.fset) if isinstance(method, property) else (method,):
        code = getattr(inspect.unwrap(function) if callable(function) else None, "__code__", None)
        pending = [code] if isinstance(code, CodeType) else []
        while pending:
            yield (code := pending.pop())
            pending += [item for item in code.co_consts if isinstance(item, CodeType)]
