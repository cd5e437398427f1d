"""What a class or function takes: the one reader of signatures.

Building from a config, checking a config and freezing models ask the same questions: which arguments does
this take, which ones does it need, may there be others? A constructor that hands its ``**kwargs`` on as
``super().__init__(**kwargs)`` takes what the class above takes, and so on up to the class that names all.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Argument:
    """One argument of a class or function.

    Attributes:
        name: Its name.
        default: Its default; ``inspect.Parameter.empty`` if it must be given.
        annotation: Its annotation as it stands in the source, which is often a text.
        function: The function that names it, in whose module the annotation is to be understood.
    """

    name: str
    default: Any
    annotation: Any
    function: Any

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty


class Signature:
    """The arguments of a class or function; see :func:`read`.

    Args:
        target: The class or function.
        signature: What Python says about it.
    """

    def __init__(self, target: Any, signature: inspect.Signature) -> None:
        self._target = target
        self._signature = signature

    @cached_property
    def own(self) -> Mapping[str, Argument]:
        """The arguments that it names itself."""
        owner = self._target.__init__ if inspect.isclass(self._target) else self._target
        return {argument.name: argument for argument in _named(self._signature, owner)}

    @cached_property
    def _followed(self) -> tuple[dict[str, Argument], bool]:
        """All arguments, those of base classes included, and whether there may be more."""
        found = dict(self.own)
        rest = _open_end(self._signature)
        if rest is None:
            return found, False
        for function in _constructors(self._target):
            if function is object.__init__:
                return found, False
            try:
                signature = inspect.signature(function)
            except ValueError:  # a constructor in C without a signature
                return found, True
            for argument in _named(signature, function):
                found.setdefault(argument.name, argument)
            rest = _open_end(signature)
            if rest is None:
                return found, False
            if not _hands_on(function, rest):
                return found, True
        return found, True

    @property
    def all(self) -> Mapping[str, Argument]:
        """All arguments that are known by name: its own, and those of base classes that it passes on."""
        return self._followed[0]

    @property
    def open_ended(self) -> bool:
        """Whether it takes arguments of any name."""
        return _open_end(self._signature) is not None and self._followed[1]

    def takes(self, name: str) -> bool:
        """Whether there may be an argument of that name."""
        return name in self.own or name in self.all or self.open_ended

    def unknown(self, given: Iterable[str]) -> list[str]:
        """Return the names that it does not take."""
        return [name for name in given if not self.takes(name)]

    def missing(self, given: Iterable[str]) -> list[str]:
        """Return the names of its own arguments that must be given, and are not."""
        present = set(given)
        return [name for name, argument in self.own.items() if argument.required and name not in present]


def read(target: Any) -> Signature | None:
    """Return what a class or function takes; None for some callables in C, which do not say."""
    try:
        return _read(target)
    except TypeError:  # a callable object without a hash
        return _read.__wrapped__(target)


@lru_cache(maxsize=4096)
def _read(target: Any) -> Signature | None:
    try:
        return Signature(target, inspect.signature(target))
    except (TypeError, ValueError):
        return None


def _named(signature: inspect.Signature, function: Callable[..., Any]) -> Iterator[Argument]:
    for name, parameter in signature.parameters.items():
        if parameter.kind not in _VARIADIC and name != "self":
            yield Argument(name, parameter.default, parameter.annotation, function)


def _open_end(signature: inspect.Signature) -> str | None:
    """The name of ``**kwargs``."""
    kind = inspect.Parameter.VAR_KEYWORD
    return next((name for name, parameter in signature.parameters.items() if parameter.kind is kind), None)


def _constructors(target: Any) -> Iterator[Any]:
    """Yield the constructors of a class and of those above it; of a function, itself."""
    if not inspect.isclass(target):
        yield target
        return
    for owner in target.__mro__:
        if "__init__" in vars(owner):
            yield vars(owner)["__init__"]


def _hands_on(function: Any, name: str) -> bool:
    """Whether a constructor's only use of ``**name`` is ``super().__init__(**name)``."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("super(")
        and ast.unparse(node.func).endswith(").__init__")
        and any(word.arg is None and ast.unparse(word.value) == name for word in node.keywords)
    ]
    return len(calls) == 1 and len(uses) == 1
