"""Reading and writing checkpoint files: nothing in a file is ever executed, and every file is whole.

Reading goes through an unpickler that knows tensors, containers, numbers and a few harmless classes. Any
other class or function in the file becomes a :class:`Placeholder` that keeps its data and does nothing.
"""

from __future__ import annotations

import collections
import datetime
import io
import os
import pathlib
import pickle
import re
import tempfile
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import _utils as rebuilders

from mmpretrain.errors import CheckpointError, MissingFileError
from mmpretrain.utils.atomic import write_atomic

#: The file that makes a folder a checkpoint in pieces, see :mod:`mmpretrain.checkpoints.sharded`.
INDEX = "index.pth"


class Placeholder:
    """Stands for an object whose class is not known to be harmless. Its data can be read; it does nothing."""

    path = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state = {**(state[0] or {}), **state[1]}
        if isinstance(state, dict):
            vars(self).update((key, value) for key, value in state.items() if isinstance(key, str))
        else:
            self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        vars(self).setdefault("items", {})[key] = value

    def append(self, value: Any) -> None:
        """Take an element, as lists do while they are read."""
        vars(self).setdefault("elements", []).append(value)

    def extend(self, values: Any) -> None:
        """Take elements, as lists do while they are read."""
        vars(self).setdefault("elements", []).extend(values)

    def __call__(self, *args: Any, **kwargs: Any) -> Placeholder:
        return self

    def __repr__(self) -> str:
        return f"<placeholder of {self.path}>"


def holds_placeholder(value: Any) -> bool:
    """Whether there is a placeholder in a nest of dicts, lists and tuples."""
    if isinstance(value, dict):
        return any(map(holds_placeholder, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_placeholder, value))
    return isinstance(value, Placeholder)


class _PlainDict(dict):
    """What the config dicts of other libraries become."""

    def __setstate__(self, state: Any) -> None:
        """Ignore the bookkeeping that those classes pickle."""


def _encode(text: str, encoding: str = "latin1") -> bytes:
    # NumPy pickles bytes as text; the real `_codecs.encode` would look for codecs by any name.
    return text.encode("latin1" if encoding != "utf-8" else "utf-8")


def _reconstruct(cls: type, base: type, state: Any) -> Any:
    # What protocols 0 and 1 call to make an object without its constructor.
    return cls() if base is object or state is None else cls(state)


def _namespace(*args: Any, **kwargs: Any) -> SimpleNamespace:
    return SimpleNamespace(**kwargs)


def _harmless() -> dict[tuple[str, str], Any]:
    """Pickled (module, name) -> what to use for it."""
    table: dict[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("collections", "defaultdict"): lambda factory=None, *args: collections.OrderedDict(*args),
        ("collections", "deque"): collections.deque,
        ("collections", "Counter"): collections.Counter,
        ("copyreg", "_reconstructor"): _reconstruct,
        ("copy_reg", "_reconstructor"): _reconstruct,
        ("_codecs", "encode"): _encode,
        ("argparse", "Namespace"): _namespace,
        ("types", "SimpleNamespace"): _namespace,
        ("torch", "Size"): torch.Size,
        ("torch", "Tensor"): torch.Tensor,
        ("torch", "device"): torch.device,
        ("torch", "Generator"): Placeholder,
        ("torch.nn.parameter", "Parameter"): torch.nn.Parameter,
    }
    for name in ("set", "frozenset", "list", "dict", "tuple", "int", "float", "bool", "str", "bytes",
                 "bytearray", "complex", "slice", "range", "object"):  # fmt: skip
        for module in ("builtins", "__builtin__"):
            table[module, name] = getattr(__builtins__, name, None) or __builtins__[name]
    for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter",
                 "_rebuild_parameter_with_state", "_rebuild_qtensor", "_rebuild_sparse_tensor",
                 "_rebuild_meta_tensor_no_storage"):  # fmt: skip
        table["torch._utils", name] = getattr(rebuilders, name)
    for name in ("date", "datetime", "time", "timedelta", "timezone"):
        table["datetime", name] = getattr(datetime, name)
    for name in ("Path", "PosixPath", "PurePath", "PurePosixPath", "WindowsPath", "PureWindowsPath"):
        for module in ("pathlib", "pathlib._local"):
            table[module, name] = _path
    for name, value in vars(torch).items():
        if isinstance(value, (torch.dtype, torch.layout, torch.memory_format)):
            table["torch", name] = value
    for root in ("numpy.core", "numpy._core"):
        table[f"{root}.multiarray", "_reconstruct"] = _array_shell
        table[f"{root}.multiarray", "scalar"] = _numpy_scalar
        table[f"{root}.numeric", "_frombuffer"] = _array_from_buffer
    for old, new in (("xrange", range), ("unicode", str), ("long", int)):  # as protocol 2 writes them
        table["__builtin__", old] = new
    table["numpy", "dtype"] = _DType
    for name in ("bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
                 "float32", "float64"):  # fmt: skip
        table["numpy", name] = getattr(np, name)
    for kind in ("Bool", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float16",
                 "Float32", "Float64"):  # fmt: skip
        table["numpy.dtypes", f"{kind}DType"] = partial(_DType, kind.lower())
    for module, name in (
        ("mmengine.config.config", "ConfigDict"),
        ("mmengine.config", "ConfigDict"),
        ("mmcv.utils.config", "ConfigDict"),
        ("mmcv.utils", "ConfigDict"),
        ("mmpretrain.config.config", "ConfigDict"),
        ("addict.addict", "Dict"),
        ("addict", "Dict"),
        ("easydict", "EasyDict"),
    ):
        table[module, name] = _PlainDict
    return table


def _path(*parts: str) -> pathlib.PurePosixPath:
    # A function, as a pickle could set attributes of a class.
    return pathlib.PurePosixPath(*parts)


class _DType:
    """Stands for a NumPy type of numbers or text.

    The real one believes whatever state a pickle gives to it, such as that bytes are addresses of objects.
    """

    def __init__(self, name: str, *options: Any) -> None:
        self.dtype = np.dtype(str(name))
        if self.dtype.kind not in "biufcSU":
            raise pickle.UnpicklingError("an array of Python objects has no place in a checkpoint")

    def __setstate__(self, state: Any) -> None:
        """Take the order of bytes, and nothing else."""
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array(np.ndarray):
    """An array of numbers or text, whose state is checked."""

    def __setstate__(self, state: Any) -> None:
        version, shape, dtype, column_wise, data = state
        if not isinstance(data, bytes):
            raise pickle.UnpicklingError("an array of Python objects has no place in a checkpoint")
        super().__setstate__((version, shape, dtype.dtype, column_wise, data))


def _array_shell(cls: Any, shape: Any, kind: Any) -> np.ndarray:
    return np.ndarray.__new__(_Array, (0,), "b")


def _numpy_scalar(kind: _DType, data: bytes = b"") -> Any:
    return np.frombuffer(data, kind.dtype, count=1)[0]


def _array_from_buffer(buffer: Any, kind: _DType, shape: Any, order: Any) -> np.ndarray:
    return np.frombuffer(buffer, kind.dtype).reshape(shape, order=order)


_HARMLESS = _harmless()


def find_harmless(module: str, name: str) -> Any:
    """Return what stands for a class or function of a pickle: itself if it is harmless, or a placeholder."""
    found = _HARMLESS.get((module, name))
    if found is None:
        found = type(name, (Placeholder,), {"path": f"{module}.{name}", "__module__": __name__})
    return found


class _Unpickler(pickle.Unpickler):
    """Finds harmless classes only."""

    def find_class(self, module: str, name: str) -> Any:
        return find_harmless(module, name)


class _RestrictedPickle:
    """What :func:`torch.load` needs of a ``pickle_module``."""

    __name__ = "mmpretrain.checkpoints.serialization"
    Unpickler = _Unpickler
    UnpicklingError = pickle.UnpicklingError

    @staticmethod
    def load(file: Any, **kwargs: Any) -> Any:
        return _Unpickler(file, **kwargs).load()


def load(path: str | os.PathLike, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint: a ``.pth`` of any layout, a ``.safetensors`` file, or a TorchScript archive.

    Args:
        path: The file.
        map_location: Where tensors go, as for :func:`torch.load`.

    Returns:
        The dict in the file; of a safetensors file, tensors under ``state_dict`` and metadata under ``meta``;
        of a TorchScript archive, tensors under ``state_dict``.

    Raises:
        MissingFileError: If there is no such file.
        CheckpointError: If it is not a whole checkpoint.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        hint = "If a run with FSDPStrategy wrote it: `mmpretrain convert FOLDER FILE.pth` makes a file of it."
        raise MissingFileError(f"{path} is a folder, and not a checkpoint file", hint=hint)
    if not path.is_file():
        raise MissingFileError(f"There is no checkpoint {str(path)!r}", hint="Check the path.")
    try:
        if path.suffix == ".safetensors":
            return _load_safetensors(path, map_location)
        content = torch.load(
            _without_code(path),
            map_location=map_location,
            pickle_module=_RestrictedPickle,
            weights_only=False,
        )
    except Exception as error:  # a damaged file can make the readers fail in any way
        raise CheckpointError(
            f"{path} is damaged or no checkpoint ({type(error).__name__}: {error})",
            hint="Download or copy it again, or use an older one.",
        ) from error
    if isinstance(content, Placeholder) and content.path.startswith("__torch__."):
        return {"state_dict": _tensors_of(content)}
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, and not a dict of weights")
    return content


def loads(data: bytes, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint from memory; see :func:`load`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.pth")
        path.write_bytes(data)
        return load(path, map_location)


def _load_safetensors(path: Path, map_location: Any) -> dict[str, Any]:
    from safetensors import safe_open

    device = str(map_location) if isinstance(map_location, (str, torch.device)) else "cpu"
    with safe_open(str(path), framework="pt", device=device) as file:
        return {
            "state_dict": {key: file.get_tensor(key) for key in file.keys()},  # noqa: SIM118 - not a dict
            "meta": dict(file.metadata() or {}),
        }


def _without_code(path: Path) -> Path | io.BytesIO:
    """Return a file for :func:`torch.load`: of a TorchScript archive, the data only.

    Such an archive is a checkpoint whose pickle has a module where others have a dict, and source code beside
    it. Torch would hand it to its interpreter.
    """
    if not zipfile.is_zipfile(path):
        return path
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if not any(name.endswith("/constants.pkl") for name in names):
            return path
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as copy:
            for name in names:
                if re.fullmatch(r"[^/]+/(data\.pkl|data/.*|version|byteorder)", name):
                    copy.writestr(name, archive.read(name))
    data.seek(0)
    return data


def _tensors_of(module: Placeholder, prefix: str = "") -> dict[str, torch.Tensor]:
    """The state dict of a module from a TorchScript archive."""
    tensors = {}
    for name, value in vars(module).items():
        if isinstance(value, torch.Tensor):
            tensors[prefix + name] = value.detach()
        elif isinstance(value, Placeholder):
            tensors.update(_tensors_of(value, f"{prefix}{name}."))
    return tensors


def verify(path: str | os.PathLike) -> dict[str, Any]:
    """Read a checkpoint's every byte, compare checksums, and return what is in it.

    Raises:
        CheckpointError: If something is wrong with it.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise CheckpointError(f"{path} is damaged: {damaged} has a wrong checksum")
    return load(path)


def is_sharded(path: str | os.PathLike) -> bool:
    """Whether a path is a checkpoint in pieces."""
    return Path(path, INDEX).is_file()


def save(obj: Any, path: str | os.PathLike) -> None:
    """Write a checkpoint so that at any moment the file is either the old one or the new one, whole.

    Args:
        obj: What to write; for ``.safetensors``, tensors by name, or a dict with a ``state_dict``.
        path: The file; its folder is made if need be.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """
    if str(path).endswith(".safetensors"):
        from safetensors.torch import save as to_bytes

        tensors = obj.get("state_dict", obj)
        contiguous = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
        write_atomic(path, lambda file: file.write(to_bytes(contiguous, {"format": "pt"})))
    else:
        write_atomic(path, lambda file: torch.save(obj, file))


def to_bytes(obj: Any) -> bytes:
    """Return what :func:`save` would write."""
    buffer = io.BytesIO()
    torch.save(obj, buffer)
    return buffer.getvalue()
