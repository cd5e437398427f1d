"""Modules with parts that can be frozen."""

from __future__ import annotations

import re
from abc import ABCMeta
from collections.abc import Collection, Sequence

from typing_extensions import Self

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.utils.suggest import did_you_mean


class FreezableModule(BaseModule, metaclass=ABCMeta):
    """Base of all models and backbones: parts of it can be frozen.

    A constructor that adds modules ends with ``self.freeze_declared(__class__)``, so that an optimizer built
    right afterwards sees what is frozen. Calling it again is harmless; ``MODELS.build`` and :meth:`train` do.

    Args:
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    #: For classes whose constructor does not run the one of this class.
    freeze: str | None = None

    def __init__(self, init_cfg: dict | list[dict] | None = None, *, freeze: str | None = None) -> None:
        super().__init__(init_cfg)
        self.freeze = freeze

    def frozen_patterns(self) -> list[str]:
        """Regular expressions; a parameter or submodule is frozen if one of them finds its name."""
        return [self.freeze] if isinstance(self.freeze, str) else []

    def freeze_declared(self, constructed: type | None = None) -> None:
        """Freeze the declared parts; modules that are frozen completely go into evaluation mode.

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
