"""Sub-packages that know what they contain without importing it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmpretrain.utils.former import old_attribute

#: Attribute under which a package keeps its ``name -> module`` table; registries read it.
TABLE = "__components__"


def lazy_package(
    package: str,
    exports: Mapping[str, Sequence[str]],
    registered: Mapping[str, Sequence[str]] | None = None,
    reexports: Sequence[str] = (),
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Declare what a package exports; each module is imported when one of its names is first used.

    One table serves both ``from mmpretrain.models.backbones import ResNet`` and ``MODELS.get('ResNet')``.

    Args:
        package: The ``__name__`` of the calling package.
        exports: Module (relative to the package, without the leading dot; or its full name) to the names it
            exports.
        registered: The same for names that exist in a registry only, such as ``'BN'`` for ``nn.BatchNorm2d``.
        reexports: Lazy sub-packages whose exports are also importable from this package, and whose
            components a registry finds here.

    Returns:
        ``__getattr__``, ``__dir__`` and ``__all__`` for the package.

    Example:
        >>> __getattr__, __dir__, __all__ = lazy_package(__name__, {'resnet': ('ResNet', 'ResNetV1d')})
    """
    table = {name: _full_name(package, module) for module, names in exports.items() for name in names}
    lookup = dict(table)
    for child in reexports:
        module = importlib.import_module(f"{package}.{child}")
        rewritten = TABLE not in vars(module)  # by a user, who need not have kept all names
        components = getattr(module, TABLE)
        for name in [*module.__all__, *(components if rewritten else ())]:
            table.setdefault(name, module.__name__)
        lookup = {**components, **lookup}
    for module, names in (registered or {}).items():
        lookup.update((name, _full_name(package, module)) for name in names)
    namespace = vars(sys.modules[package])
    namespace[TABLE] = lookup

    def __getattr__(name: str) -> Any:
        if name not in table:
            return old_attribute(package, name)
        value = getattr(importlib.import_module(table[name]), name)
        namespace[name] = value
        return value

    names = sorted(table)
    return __getattr__, lambda: sorted({*namespace, *names}), names


def _full_name(package: str, module: str) -> str:
    root = package.partition(".")[0]
    return module if module.startswith(f"{root}.") else f"{package}.{module}"
