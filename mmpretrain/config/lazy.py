"""Classes that a config names and that are not imported yet."""

from __future__ import annotations

import importlib
from typing import Any

from mmpretrain.errors import ConfigError
from mmpretrain.registry import ALL, SCOPES
from mmpretrain.utils.suggest import did_you_mean


class LazyObject:
    """A module, or something in a module, that is imported when it is needed.

    In a config in pure-Python style ``from mmpretrain.models import ResNet`` binds such an object, so that
    loading the config imports nothing. Attributes are lazy objects too: ``nn.ReLU`` after
    ``from torch import nn``.

    Args:
        path: Dotted import path, such as ``'mmpretrain.models.ResNet'``.
        where: File and line of the import, for messages.
    """

    __slots__ = ("_path", "_where")

    def __init__(self, path: str, where: str | None = None) -> None:
        self._path = path
        self._where = where

    @property
    def dump_str(self) -> str:
        """The import path; a ``type`` may be this string as well."""
        return self._path

    def build(self) -> Any:
        """Import and return the object.

        Raises:
            ConfigError: If there is no such module or attribute.
        """
        parts = self._path.split(".")
        for end in range(len(parts), 0, -1):
            module = ".".join(parts[:end])
            try:
                found = importlib.import_module(module)
            except ModuleNotFoundError as error:
                if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                    raise
                continue
            for name in parts[end:]:
                if not hasattr(found, name):
                    raise ConfigError(
                        f"{module} has no {name!r}", where=self._where, hint=did_you_mean(name, dir(found))
                    )
                found = getattr(found, name)
            return found
        return self._build_registered(parts[0], parts[-1])

    def _build_registered(self, package: str, name: str) -> Any:
        # Configs import from packages whose components live here now, and which need not be installed.
        if package in SCOPES:
            for registry in ALL.values():
                found = registry.get(name)
                if found is not None:
                    return found
        raise ConfigError(
            f"{self._path} cannot be imported: there is no module {package!r}",
            where=self._where,
            hint=f"Install {package}, or put its folder on PYTHONPATH.",
        )

    def __getattr__(self, name: str) -> LazyObject:
        if name.startswith("__"):
            raise AttributeError(name)
        return LazyObject(f"{self._path}.{name}", self._where)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.build()(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazyObject):
            return self._path == other._path
        return self._path == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._path)

    def __repr__(self) -> str:
        return f"<lazy {self._path}>"

    def __reduce__(self) -> tuple:
        return (LazyObject, (self._path, self._where))
