"""NumPy's arrays, scalars and types from a pickle.

NumPy itself believes a pickled type whatever it says, such as that bytes are addresses of objects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mmpretrain.utils.budget import Budget
from mmpretrain.utils.pickles.objects import Constructor, PickleError, Placeholder

if TYPE_CHECKING:
    from mmpretrain.utils.pickles.machine import Machine

_MOST_AXES = 32
#: Letters of types and their sizes, and names such as ``float32``.
_TYPE = re.compile(r"[<>|=]?[?biufcSUVmMO]\d{0,6}|(bool|u?int|float|complex|str|bytes|void|object)\d{0,3}_?")
_OBJECT = np.dtype(object)


class DType:
    """Stands for a NumPy type.

    Args:
        dtype: The type; only one with named fields has parts.
    """

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype

    def __repr__(self) -> str:
        return repr(self.dtype)


def _make_type(machine: Machine, name: Any, *options: Any) -> DType:
    if isinstance(name, Constructor):  # dtype(float64)
        name = name.path.rpartition(".")[2]
    if type(name) is bytes:
        name = name.decode("latin1")
    if type(name) is not str or not _TYPE.fullmatch(name):
        raise PickleError(f"the type {name!r} of an array")
    return DType(np.dtype(name))


def _fill_type(target: DType, state: Any, budget: Budget) -> None:
    """Take the order of bytes, the unit of times and the fields; the rest follows from the name."""
    if type(state) is not tuple or len(state) < 5:
        raise PickleError("the state of an array's type")
    order, parts, names, fields = state[1:5]
    if fields is not None or names is not None:
        target.dtype = _with_fields(target.dtype, names, fields, budget)
    elif parts is not None:
        base, shape = parts
        target.dtype = np.dtype((_plain(base), _shape(shape)))
        budget.take(target.dtype.itemsize)
    elif target.dtype.kind in "mM" and len(state) > 8:
        unit, step = state[8][1][:2]
        text = unit.decode("ascii") if type(unit) is bytes else unit
        if not re.fullmatch(r"generic|[YMWDhm]|[munpfa]?s", str(text)) or type(step) is not int:
            raise PickleError("the unit of an array of times")
        if text != "generic":
            target.dtype = np.dtype(f"{target.dtype.kind}8[{step}{text}]")
    if order in ("<", b"<"):
        target.dtype = target.dtype.newbyteorder("<")
    elif order in (">", b">"):
        target.dtype = target.dtype.newbyteorder(">")


def _with_fields(dtype: np.dtype, names: Any, fields: Any, budget: Budget) -> np.dtype:
    if type(names) is not tuple or not isinstance(fields, dict) or {*names} != {*fields} or dtype.kind != "V":
        raise PickleError("the fields of an array's type")
    budget.take(512 * len(names))
    parts = [fields[name] for name in names]
    spec = {
        "names": [str(name) for name in names],
        "formats": [_plain(part[0]) for part in parts],
        "offsets": [int(part[1]) for part in parts],
        "itemsize": dtype.itemsize,
    }
    return np.dtype(spec)  # type: ignore[call-overload]


def _plain(kind: Any) -> np.dtype:
    """Return a type without objects."""
    if type(kind) is not DType or kind.dtype.hasobject:
        raise PickleError("Python objects inside of an array")
    return kind.dtype


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = shape if type(shape) is tuple else (shape,)
    if len(sizes) > _MOST_AXES or not all(type(size) is int and 0 <= size < 1 << 62 for size in sizes):
        raise PickleError("the shape of an array")
    return sizes


def _data(value: Any) -> Any:
    return value.encode("latin1") if type(value) is str else value  # Python 2 has one type for both


def _shell(machine: Machine, kind: Any, shape: Any, code: Any) -> np.ndarray:
    """Return the empty array that a pickle makes first, and fills then."""
    return np.ndarray((0,), "b")


def _fill_array(target: np.ndarray, state: Any, budget: Budget) -> None:
    if target.base is not None or target.shape != (0,) or target.dtype != "b":
        raise PickleError("an array is filled twice")
    if type(state) is not tuple or len(state) not in (4, 5):
        raise PickleError("the state of an array")
    shape, kind, column_wise, data = state[-4:]
    shape = _shape(shape)
    count = math.prod(shape)
    if type(kind) is DType and kind.dtype == _OBJECT:
        if type(data) is not list or len(data) != count:
            raise PickleError("an array of objects that are not in the file")
        budget.take(8 * count)
        target.__setstate__((1, shape, _OBJECT, bool(column_wise), data))  # type: ignore[arg-type]
        return
    dtype, data = _plain(kind), _data(data)
    if type(data) not in (bytes, bytearray) or len(data) != count * dtype.itemsize:
        raise PickleError(f"an array of shape {shape} has not the bytes for it")
    budget.take(len(data))
    state = (1, shape, dtype, bool(column_wise), bytes(data))
    target.__setstate__(state)  # type: ignore[arg-type]


def _scalar(machine: Machine, kind: Any, data: Any = b"") -> Any:
    dtype, data = _plain(kind), _data(data)
    if type(data) is not bytes or len(data) != dtype.itemsize or not data:
        raise PickleError("a number of NumPy has not the bytes for it")
    return np.frombuffer(data, dtype, count=1)[0]


def _from_buffer(machine: Machine, data: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
    dtype, shape = _plain(kind), _shape(shape)
    if type(data) not in (bytes, bytearray) or len(data) != math.prod(shape) * dtype.itemsize:
        raise PickleError(f"an array of shape {shape} has not the bytes for it")
    if order not in ("C", "F"):
        raise PickleError("the order of an array")
    return np.frombuffer(data, dtype).reshape(shape, order=order) if data else np.empty(shape, dtype)


def _number(dtype: type[np.generic]) -> Callable[..., Any]:
    def make(machine: Machine, value: Any = 0) -> Any:
        if type(value) not in (int, float, bool):
            raise PickleError(f"a number made of a {type(value).__name__}")
        return dtype(value)  # type: ignore[call-arg]

    return make


def _class_name(name: str) -> str:
    """``uint8`` -> ``UInt8DType``."""
    return name.title().replace("Ui", "UI") + "DType"


def _class_of_type(name: str) -> Callable[..., DType]:
    return lambda machine: DType(np.dtype(name))


def _no_array(machine: Machine, *args: Any) -> Any:
    # An array is made by `_reconstruct`; a constructor would allocate what it is told, or take any memory.
    return Placeholder("numpy.ndarray", args)


_NUMBERS = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64",
)  # fmt: skip

#: What may be called, by the names of NumPy 2.
CONSTRUCTORS: dict[str, Constructor] = {
    path: Constructor(path, make)
    for path, make in {
        "numpy.ndarray": _no_array,
        "numpy.dtype": _make_type,
        "numpy._core.multiarray._reconstruct": _shell,
        "numpy._core.multiarray.scalar": _scalar,
        "numpy._core.numeric._frombuffer": _from_buffer,
        "numpy.bool_": _number(np.bool_),
        **{f"numpy.{name}": _number(np.dtype(name).type) for name in _NUMBERS},
        **{f"numpy.dtypes.{_class_name(name)}": _class_of_type(name) for name in _NUMBERS},
    }.items()
}

STATES: dict[type, Callable[[Any, Any, Budget], None]] = {np.ndarray: _fill_array, DType: _fill_type}
