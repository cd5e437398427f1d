"""Constructors of the standard library that a pickle may call, with checked arguments."""

from __future__ import annotations

import collections
import datetime
from collections.abc import Callable
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mmpretrain.utils.budget import Budget
from mmpretrain.utils.pickles.filling import PlainDict, check_keys
from mmpretrain.utils.pickles.objects import Constructor, PickleError, Placeholder

if TYPE_CHECKING:
    from mmpretrain.utils.pickles.machine import Machine

#: What an item of a container costs, bytes.
_ITEM = 64
_LONGEST_NUMBER = 1000


def _check(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise PickleError(f"a {type(value).__name__} where a {kinds[0].__name__} belongs")
    return value


def _items(machine: Machine, values: Any) -> Any:
    """Let a finite container be copied; a range or a generator of items would not be one."""
    _check(values, list, tuple, set, frozenset)
    machine.budget.take(_ITEM * len(values))
    return values


def _elements(machine: Machine, values: Any) -> Any:
    check_keys(list(_items(machine, values)))
    return values


def _set(machine: Machine, values: Any = ()) -> set[Any]:
    return set(_elements(machine, values))


def _frozenset(machine: Machine, values: Any = ()) -> frozenset[Any]:
    return frozenset(_elements(machine, values))


def _list(machine: Machine, values: Any = ()) -> list[Any]:
    return list(_items(machine, values))


def _tuple(machine: Machine, values: Any = ()) -> tuple[Any, ...]:
    return tuple(_items(machine, values))


def _dict_of(kind: type[dict[Any, Any]]) -> Callable[..., dict[Any, Any]]:
    def make(machine: Machine, values: Any = (), **named: Any) -> dict[Any, Any]:
        made = kind()
        pairs = list(values.items()) if isinstance(values, dict) else list(_items(machine, values))
        pairs += named.items()
        machine.budget.take(2 * _ITEM * len(pairs))
        for pair in pairs:
            if type(pair) not in (list, tuple) or len(pair) != 2:
                raise PickleError("a dict is made of something else than pairs")
        check_keys([pair[0] for pair in pairs])
        for key, value in pairs:
            made[key] = value
        return made

    return make


def _default_dict(machine: Machine, factory: Any = None, *values: Any) -> dict[Any, Any]:
    # The factory is left out: it would be called by whoever asks for a key that is missing.
    return _dict_of(collections.OrderedDict)(machine, *values)


def _deque(machine: Machine, values: Any = (), maxlen: Any = None) -> collections.deque[Any]:
    machine.budget.take(768)
    return collections.deque(_items(machine, values), _check(maxlen, type(None), int))


def _int(machine: Machine, value: Any = 0) -> int:
    return int(_number(value))


def _float(machine: Machine, value: Any = 0.0) -> float:
    return float(_number(value))


def _complex(machine: Machine, real: Any = 0.0, imaginary: Any = 0.0) -> complex:
    return complex(_check(real, float, int), _check(imaginary, float, int))


def _number(value: Any) -> Any:
    if type(value) in (str, bytes) and len(value) > _LONGEST_NUMBER:
        raise PickleError("a number of too many digits")
    return _check(value, int, float, bool, str, bytes)


def _bool(machine: Machine, value: Any = False) -> bool:
    return bool(_check(value, bool, int))


def _str(machine: Machine, value: Any = "") -> str:
    return _check(value, str)


def _bytes(machine: Machine, value: Any = b"", encoding: Any = None) -> bytes:
    if type(value) in (list, tuple):
        return bytes(bytearray(_items(machine, value)))
    return encode(machine, value, encoding) if type(value) is str else _check(value, bytes)


def _bytearray(machine: Machine, value: Any = b"", encoding: Any = None) -> bytearray:
    data = _bytes(machine, value, encoding)
    machine.budget.take(len(data))
    return bytearray(data)


def encode(machine: Machine, text: Any, encoding: Any = "latin1") -> bytes:
    """Return the bytes that old protocols write as text; other codecs could do anything."""
    if encoding not in ("latin1", "latin-1", "utf-8", "utf8", "ascii"):
        raise PickleError(f"the codec {encoding!r}")
    machine.budget.take(len(_check(text, str)))
    return text.encode(encoding)


def _range(machine: Machine, *bounds: Any) -> range:
    made = range(*(_check(bound, int) for bound in bounds))
    machine.budget.take(_ITEM * max(0, (made.stop - made.start) // made.step + 1))
    return made


def _slice(machine: Machine, *bounds: Any) -> slice:
    return slice(*(_check(bound, int, type(None)) for bound in bounds))


def _object(machine: Machine) -> Placeholder:
    return Placeholder("builtins.object")


def _reconstructor(machine: Machine, kind: Any, base: Any, state: Any = None) -> Any:
    """Make an object the way protocols 0 and 1 do: without its constructor, from its base class."""
    plain = isinstance(base, Constructor) and base.path == "builtins.object"
    return machine.made(kind, () if plain or state is None else (state,))


def _new_object(machine: Machine, kind: Any, *args: Any) -> Any:
    return machine.made(kind, args)


def _namespace(machine: Machine, **values: Any) -> SimpleNamespace:
    return SimpleNamespace(**values)


def _path(machine: Machine, *parts: Any) -> PurePosixPath:
    return PurePosixPath(*(_check(part, str) for part in parts))


def _moment(kind: type, names: tuple[str, ...]) -> Callable[..., Any]:
    def make(machine: Machine, state: Any, *rest: Any) -> Any:
        if type(state) is str:  # as Python 2 wrote bytes
            state = state.encode("latin1")
        for part in rest:
            if not isinstance(part, (int, datetime.timezone)):
                raise PickleError(f"a {type(part).__name__} in a {kind.__name__}")
        made = kind(_check(state, bytes, int), *rest)
        # Bytes are taken over unchecked: months are compared with twelve, hours with nothing.
        return kind(*(getattr(made, name) for name in names), fold=made.fold) if names else made

    return make


def _date(machine: Machine, state: Any, *rest: Any) -> datetime.date:
    made = _moment(datetime.date, ())(machine, state, *rest)
    return datetime.date(made.year, made.month, made.day)


def _time_delta(machine: Machine, *parts: Any) -> datetime.timedelta:
    return datetime.timedelta(*(_check(part, int) for part in parts))


def _time_zone(machine: Machine, offset: Any, *name: Any) -> datetime.timezone:
    return datetime.timezone(_check(offset, datetime.timedelta), *(_check(part, str) for part in name))


_TIME = ("hour", "minute", "second", "microsecond", "tzinfo")

#: Module and name, as Python 3 calls them -> the function that makes such an object.
_MAKE: dict[str, Callable[..., Any]] = {
    "builtins.set": _set,
    "builtins.frozenset": _frozenset,
    "builtins.list": _list,
    "builtins.tuple": _tuple,
    "builtins.dict": _dict_of(dict),
    "builtins.int": _int,
    "builtins.float": _float,
    "builtins.complex": _complex,
    "builtins.bool": _bool,
    "builtins.str": _str,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytearray,
    "builtins.range": _range,
    "builtins.slice": _slice,
    "builtins.object": _object,
    "collections.OrderedDict": _dict_of(collections.OrderedDict),
    "collections.Counter": _dict_of(collections.Counter),
    "collections.defaultdict": _default_dict,
    "collections.deque": _deque,
    "copyreg._reconstructor": _reconstructor,
    "copyreg.__newobj__": _new_object,
    "_codecs.encode": encode,
    "argparse.Namespace": _namespace,
    "types.SimpleNamespace": _namespace,
    "datetime.date": _date,
    "datetime.datetime": _moment(datetime.datetime, ("year", "month", "day", *_TIME)),
    "datetime.time": _moment(datetime.time, _TIME),
    "datetime.timedelta": _time_delta,
    "datetime.timezone": _time_zone,
    **{
        f"{module}.{name}": _path
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "PurePath", "PurePosixPath", "WindowsPath", "PureWindowsPath")
    },
    **dict.fromkeys(
        (
            "mmengine.config.config.ConfigDict",
            "mmengine.config.ConfigDict",
            "mmcv.utils.config.ConfigDict",
            "mmcv.utils.ConfigDict",
            "mmpretrain.config.config.ConfigDict",
            "addict.addict.Dict",
            "addict.Dict",
            "easydict.EasyDict",
        ),
        _dict_of(PlainDict),
    ),
}

#: Names of Python 2, and of other versions of the libraries.
_RENAMED = {
    "copy_reg": "copyreg", "numpy.core": "numpy._core", "__builtin__.xrange": "builtins.range",
    "__builtin__.unicode": "builtins.str", "__builtin__.long": "builtins.int", "__builtin__": "builtins",
}  # fmt: skip


def canonical(module: str, name: str) -> str:
    """Return the module and name of today, joined by a dot."""
    path = f"{module}.{name}"
    for old, new in _RENAMED.items():
        if path.startswith(old) and path[len(old) : len(old) + 1] in ("", "."):
            return new + path[len(old) :]
    return path


#: What may be called, by its name of today.
CONSTRUCTORS: dict[str, Any] = {path: Constructor(path, make) for path, make in _MAKE.items()}


def _fill_namespace(target: SimpleNamespace, state: Any, budget: Budget) -> None:
    values = _check(state, dict)
    vars(target).update((key, value) for key, value in values.items() if type(key) is str)


def _fill_ordered(target: dict[Any, Any], state: Any, budget: Budget) -> None:
    # Versions of modules, which `load_state_dict` reads; nothing else is known to be pickled there.
    if isinstance(state, dict) and "_metadata" in state:
        target._metadata = state["_metadata"]  # type: ignore[attr-defined]


def _leave(target: Any, state: Any, budget: Budget) -> None:
    """Ignore the bookkeeping of config dicts, and attributes of dates and lists."""


#: How the state of an object is set, by its type.
STATES: dict[type, Callable[[Any, Any, Budget], None]] = {
    SimpleNamespace: _fill_namespace,
    collections.OrderedDict: _fill_ordered,
    PlainDict: _leave,
}
