"""Modules parts of which can be frozen."""

from __future__ import annotations

import inspect
import re
from abc import ABCMeta
from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import Self

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.utils.suggest import did_you_mean


def _accepted(cls: type) -> set[str]:
    """Names that a constructor takes, or passes on to that of a base class."""
    names: set[str] = set()
    for base in cls.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            names.update(parameters)
            if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
                break
    return names


def _inherited(cls: type) -> list[inspect.Parameter]:
    """The options of the base class, to whose constructor one with ``**kwargs`` hands them on."""
    own = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    base = cls.__base__
    if not isinstance(base, _OptionsMeta) or not any(p.kind is p.VAR_KEYWORD for p in own.values()):
        return []
    return [
        parameter.replace(kind=parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(base).parameters.items()
        if name not in own and parameter.default is not parameter.empty
    ]


class _OptionsMeta(ABCMeta):
    """Adds the class's ``common_options`` to its constructor, and freezes what they say once it has run."""

    common_options: Mapping[str, Any]

    def __init__(cls, name: str, bases: tuple, namespace: dict, **kwargs: Any) -> None:
        super().__init__(name, bases, namespace, **kwargs)
        named = _accepted(cls)
        cls._extra_options = {key: value for key, value in cls.common_options.items() if key not in named}
        own = inspect.signature(cls.__init__)
        parameters = list(own.parameters.values())[1:]
        inherited = _inherited(cls)
        extra = inherited + [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=value)
            for key, value in cls._extra_options.items()
            if key not in {parameter.name for parameter in inherited}
        ]
        at = len(parameters) - any(p.kind is p.VAR_KEYWORD for p in parameters)
        cls.__signature__ = own.replace(parameters=[*parameters[:at], *extra, *parameters[at:]])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        options = {key: kwargs.pop(key) for key in cls._extra_options if key in kwargs}
        module = super().__call__(*args, **kwargs)
        for key, value in options.items():
            setattr(module, key, value)
        module.check_freeze()
        module.freeze_declared()
        return module


class FreezableModule(BaseModule, metaclass=_OptionsMeta):
    """Base of all models and backbones.

    All take the :attr:`common_options`, also those whose constructor does not name them.

    Attributes:
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    #: Options of every constructor, and their defaults.
    common_options: ClassVar[Mapping[str, Any]] = {"freeze": None}

    freeze: str | None = None

    def is_frozen(self, name: str) -> bool:
        """Whether the parameter or submodule of that name is declared frozen."""
        return isinstance(self.freeze, str) and re.search(self.freeze, name) is not None

    def check_freeze(self) -> None:
        """Check what is declared.

        Raises:
            ArgumentError: If ``freeze`` finds no parameter.
        """
        if not isinstance(self.freeze, str):
            return
        try:
            pattern = re.compile(self.freeze)
        except re.error as error:
            raise ArgumentError(f"freeze={self.freeze!r} is not a regular expression: {error}") from error
        names = [name for name, _ in self.named_parameters(remove_duplicate=False)]
        if not any(map(pattern.search, names)):
            plain = re.sub(r"\\.|[^\w.]", lambda match: "." if match[0] == r"\." else "", self.freeze)
            modules = [name for name, _ in self.named_modules() if name]
            begins = ", ".join(sorted({name.split(".")[0] for name in names}))
            raise ArgumentError(
                f"{type(self).__name__} has no parameter whose name freeze={self.freeze!r} finds",
                hint=did_you_mean(plain.strip("."), names + modules) or f"Their names begin with: {begins}.",
            )

    def freeze_declared(self) -> None:
        """Freeze what is declared frozen; modules with nothing else in them go into evaluation mode."""
        frozen = set()
        for name, parameter in self.named_parameters(remove_duplicate=False):
            if self.is_frozen(name):
                parameter.requires_grad = False
                frozen.add(name)
        if not frozen:
            return
        for name, module in self.named_modules():
            owned = [f"{name}.{key}" for key, _ in module.named_parameters()]
            if name and (frozen.issuperset(owned) if owned else self.is_frozen(name)):
                module.eval()

    def train(self, mode: bool = True) -> Self:
        """Set the training mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        if mode:
            self.freeze_declared()
        return self
