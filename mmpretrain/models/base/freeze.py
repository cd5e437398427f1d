"""Modules parts of which can be frozen."""

from __future__ import annotations

import inspect
import re
from abc import ABCMeta
from collections.abc import Collection, Mapping, Sequence
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
        module.freeze_declared(cls)
        return module


class FreezableModule(BaseModule, metaclass=_OptionsMeta):
    """Base of all models and backbones: parts of it can be frozen.

    A constructor that adds modules ends with ``self.freeze_declared(__class__)``, so that an optimizer built
    right afterwards sees what is frozen. Calling it again is harmless; ``MODELS.build`` and :meth:`train` do.

    Args:
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    #: Options of every constructor, and their defaults.
    common_options: ClassVar[Mapping[str, Any]] = {"freeze": None}

    #: For classes whose constructor does not run the one of this class.
    freeze: str | None = None

    def __init__(self, init_cfg: dict | list[dict] | None = None, *, freeze: str | None = None) -> None:
        super().__init__(init_cfg)
        self.freeze = freeze

    def frozen_patterns(self) -> list[str]:
        """Regular expressions; a parameter or submodule is frozen if one of them finds its name."""
        return [self.freeze] if isinstance(self.freeze, str) else []

    def freeze_declared(self, constructed: type | None = None) -> None:
        """Freeze what is declared frozen; modules with nothing else in them go into evaluation mode.

        Args:
            constructed: The class whose constructor is done. If it is that of the whole object, or None, the
                object is complete, and ``freeze`` must find something.

        Raises:
            ArgumentError: If ``freeze`` is not a regular expression, or finds no parameter.
        """
        self._check_freeze(constructed is None or _constructor(constructed) is _constructor(type(self)))
        self.freeze_found(self.frozen_patterns())

    def freeze_found(self, patterns: Sequence[str]) -> None:
        """Freeze the parameters whose name one of these regular expressions finds."""
        if not patterns:
            return
        searches = [re.compile(pattern).search for pattern in patterns]
        frozen = set()
        for name, parameter in self.named_parameters(remove_duplicate=False):
            if any(search(name) for search in searches):
                parameter.requires_grad = False
                frozen.add(name)
        for name, module in self.named_modules():
            owned = [f"{name}.{key}" for key, _ in module.named_parameters()]
            if owned and not frozen.issuperset(owned):
                continue
            if name and (owned or any(search(name) for search in searches)):
                module.eval()

    def train(self, mode: bool = True) -> Self:
        """Set the training mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        if mode:
            self.freeze_declared()
        return self

    def _check_freeze(self, complete: bool) -> None:
        if not isinstance(self.freeze, str):
            return
        try:
            pattern = re.compile(self.freeze)
        except re.error as error:
            raise ArgumentError(
                f"freeze={self.freeze!r} is not a regular expression: {error}", key="freeze"
            ) from error
        names = [name for name, _ in self.named_parameters(remove_duplicate=False)]
        if complete and not any(map(pattern.search, names)):
            plain = re.sub(r"\\.|[^\w.]", lambda match: "." if match[0] == r"\." else "", self.freeze)
            modules = [name for name, _ in self.named_modules() if name]
            begins = ", ".join(sorted({name.split(".")[0] for name in names}))
            raise ArgumentError(
                f"{type(self).__name__} has no parameter whose name freeze={self.freeze!r} finds",
                hint=did_you_mean(plain.strip("."), names + modules) or f"Their names begin with: {begins}.",
                key="freeze",
            )


def _constructor(cls: type) -> object:
    """The constructor of a class, inherited ones included."""
    return cls.__init__  # type: ignore[misc]


def names_within(owners: Collection[str]) -> list[str]:
    """Regular expressions that find the names of these submodules and parameters, and of all in them."""
    return [rf"^{re.escape(owner)}(\.|$)" for owner in owners]
