"""Checking arguments in a config against the signatures of the classes that it names."""

from __future__ import annotations

import inspect
import math
import os
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmpretrain.blame import explain, locate, locate_key, quoted
from mmpretrain.errors import ArgumentError, ConfigError, MMPretrainError, add_note
from mmpretrain.signature import Signature, read
from mmpretrain.utils.brief import brief, said
from mmpretrain.utils.suggest import did_you_mean

#: Types of what ``Literal`` can list.
_PLAIN = (str, bytes, int, float, type(None))
_LISTS = (list, tuple, set, frozenset, Sequence, Iterable)


def resolve(annotation: Any, target: Any) -> Any:
    """Return what the text of an annotation stands for; ``Any`` if that cannot be told."""
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    function = target.__init__ if inspect.isclass(target) else target
    try:
        return eval(annotation, getattr(inspect.unwrap(function), "__globals__", {}))
    except Exception:  # names that are imported for type checkers only
        return Any


def fits(value: Any, annotation: Any) -> bool:
    """Whether a value may be meant by an annotation; in doubt it may.

    Lists pass for tuples, numbers for numbers, and dicts for anything that can be built from one.
    """
    origin = typing.get_origin(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return any(fits(value, part) for part in typing.get_args(annotation))
    if origin is typing.Literal:
        return isinstance(value, _PLAIN) and value in typing.get_args(annotation)
    if annotation is None or annotation is type(None):
        return value is None
    if annotation is int:  # configs of the zoo have halves where steps are meant
        return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    if annotation is float:
        return isinstance(value, (int, float)) and not math.isnan(value)
    if annotation is bool:
        return isinstance(value, (bool, int))
    if annotation is str:
        return isinstance(value, (str, os.PathLike))
    if (origin or annotation) in _LISTS:
        if not isinstance(value, (list, tuple, set, frozenset, str)):  # an array, a range, a generator
            sized = (origin or annotation) is Iterable or hasattr(value, "__len__")
            return sized and hasattr(value, "__iter__") and not isinstance(value, (Mapping, type, bytes))
        if isinstance(value, str) and (origin or annotation) in (list, tuple):
            return False
        kinds = [kind for kind in typing.get_args(annotation) if kind is not ...]
        return len(kinds) != 1 or all(fits(item, kinds[0]) for item in value)
    if (origin or annotation) in (dict, Mapping):
        return isinstance(value, Mapping)
    if (origin or annotation) is Callable:
        return callable(value) or isinstance(value, (str, Mapping))  # either may name a callable
    return True


def misfits(target: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the arguments of a class or function that do not fit their annotation, and a sentence on each.

    Args:
        target: The class or function.
        values: Arguments by name.
    """
    signature = read(target)
    for name, value in values.items():
        argument = None if signature is None else signature.all.get(name)
        if argument is not None:
            annotation = resolve(argument.annotation, argument.function)
            if not fits(value, annotation):
                yield name, f"{name} must be {describe(annotation)}, got {brief(value)}"


def describe(annotation: Any) -> str:
    """Return an annotation as people write it."""
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(annotation)))
    if origin is typing.Union or origin is types.UnionType:
        return " or ".join(describe(part) for part in typing.get_args(annotation))
    if origin is not None:
        return str(annotation).replace("typing.", "").replace("collections.abc.", "")
    return "None" if annotation is type(None) else getattr(annotation, "__name__", str(annotation))


def check_arguments(
    target: Any, args: Mapping[str, Any], *, cfg: Any = None, label: str | None = None
) -> None:
    """Check keyword arguments against a signature without calling anything.

    Raises:
        ArgumentError: Naming the first argument that is unknown or missing, with its file and line.
    """
    signature = check_accepts(target, args, cfg=cfg, label=label)
    if signature is not None and (missing := signature.missing(args)):
        label = label or getattr(target, "__name__", repr(target))
        plural = "s" if len(missing) > 1 else ""
        message = f"{label} needs the argument{plural} {', '.join(map(repr, missing))}"
        raise ArgumentError(message, where=locate(cfg, "type"), key=missing[0])


def check_accepts(
    target: Any, args: Mapping[str, Any], *, cfg: Any = None, label: str | None = None
) -> Signature | None:
    """Check that there are arguments of these names, though not whether others are missing.

    Raises:
        ArgumentError: Naming the first argument that is unknown, with its file and line.
    """
    signature = read(target)
    if signature is None:
        return None
    label = label or getattr(target, "__name__", repr(target))
    if unknown := signature.unknown(args):
        key = unknown[0]
        known = signature.all
        hint = did_you_mean(key, known) or f"It accepts: {', '.join(known) or 'no arguments'}."
        where = locate(cfg, key)
        raise ArgumentError(f"{label} has no argument {key!r}", where=where, hint=hint, key=key)
    return signature


#: What a constructor raises about arguments that it does not expect.
_OF_ARGUMENTS = (
    TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RuntimeError, AssertionError,
)  # fmt: skip


@contextmanager
def blamed(target: Any, args: Mapping[str, Any], cfg: Mapping[str, Any]) -> Iterator[None]:
    """Add the argument and the line of the config to errors of a constructor.

    Args:
        target: The class or function that is called.
        args: Its arguments by name.
        cfg: The config that they come from.
    """
    try:
        yield
    except MMPretrainError as error:
        if error.where is None and error.key is not None:
            error.where = locate_key(cfg, error.key)
        elif error.where is None and isinstance(error, ConfigError):
            error.where = locate(cfg)
        raise
    except _OF_ARGUMENTS as error:
        explained = _explained(error, target, args, cfg)
        if explained is None:
            name = getattr(target, "__name__", str(target))
            add_note(error, f"This was raised while {name} was built ({locate(cfg) or 'in a config'}).")
            raise
        raise explained from error


def _explained(
    error: Exception, target: Any, args: Mapping[str, Any], cfg: Mapping[str, Any]
) -> ConfigError | None:
    """Say which argument made a constructor fail; None for errors of classes that are not ours."""
    explained = explain(error, cfg) if isinstance(error, TypeError) else None
    if explained is not None:
        return explained
    label = getattr(target, "__name__", str(target))
    for argument, message in misfits(target, {key: args[key] for key in args if key in cfg}):
        return ArgumentError(f"{label}.{message}", where=locate(cfg, argument), key=argument)
    module = getattr(target, "__module__", None) or "builtins"
    if module.partition(".")[0] not in ("mmpretrain", "torch", "builtins"):
        return None
    kind = ArgumentError if isinstance(error, TypeError) else ConfigError
    # Texts of these are sentences; that of a KeyError is a key.
    text = said(error)
    if isinstance(error, (TypeError, ValueError, RuntimeError)) and str(error):
        text = text.partition(": ")[2]
    return kind(
        f"{label} cannot be built: {text}",
        where=quoted(cfg, str(error)),
        hint="Compare its arguments with its documentation; --debug shows where it failed.",
    )
