"""Predictions as ``pickle.dump`` writes them: plain data and tensors, and nothing in them is executed.

A list of data samples becomes a list of their fields.

A pickled tensor keeps its numbers in its own small file, in the layout before PyTorch 1.6.
"""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np
import torch

from mmpretrain.checkpoints.torch_file import read_storage
from mmpretrain.checkpoints.torch_objects import CONSTRUCTORS, STATES, Storage, StorageType
from mmpretrain.errors import DataError
from mmpretrain.utils import fileio
from mmpretrain.utils.budget import Budget, check_nest
from mmpretrain.utils.pickles import (
    Constructor,
    Machine,
    PickleError,
    Placeholder,
    finder,
    holds_placeholder,
    placeholder,
)

#: What PyTorch has written for a storage on the CPU of a 64-bit machine since version 0.4: three pickles that
#: are always the same, the description of the storage, and the list with its name.
_USUAL = re.compile(
    rb"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19\.\x80\x02M\xe9\x03\.\x80\x02\}q\x00\(X\x10\0\0\0proto"
    rb"col_versionq\x01M\xe9\x03X\r\0\0\0little_endianq\x02\x88X\n\0\0\0type_sizesq\x03\}q\x04\(X\x05\0\0\0shortq\x05K\x02"
    rb"X\x03\0\0\0intq\x06K\x04X\x04\0\0\0longq\x07K\x04uu\.\x80\x02\(X\x07\0\0\0storageq\x00ctorch\n(\w+Storage)\n"
    rb"q\x01X.\0\0\0(\d+)q\x02X\x03\0\0\0cpuq\x03[KMJ].{1,4}?Ntq\x04Q\.\x80\x02\]q\x00X.\0\0\0(\d+)q\x01a\.",
    re.DOTALL,
)
#: Classes whose objects are samples, wherever they were defined; a sample of tasks has one in each field.
_SAMPLES = ("DataSample", "ClsDataSample", "MultiTaskDataSample")
_DEEPEST = 8
#: How many times its size the tensors in a storage may claim together.
_VIEWS = 16


def load(path: str | os.PathLike[str]) -> Any:
    """Read a pickle of plain data and tensors.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is damaged, or holds anything else.
    """
    try:
        return loads(fileio.read_bytes(path))
    except ValueError as error:
        raise DataError(
            f"this is no pickle of plain data and tensors ({error})", where=os.fspath(path)
        ) from error


def loads(data: bytes) -> Any:
    """Read a pickle that is in memory; see :func:`load`.

    Raises:
        PickleError, BudgetError: If it is damaged, or holds anything else than data.
    """
    value = Machine(data, finder(_KNOWN, placeholder), STATES).load()
    if isinstance(value, list):
        made: dict[int, dict[str, Any]] = {}
        value = [_fields(item, made) for item in value]
    check_nest(value, len(data))
    if holds_placeholder(value):
        raise PickleError("it holds objects that are not data")
    return value


def _fields(item: Any, made: dict[int, dict[str, Any]], depth: int = 0) -> Any:
    """Return the fields of a data sample, and of the samples of its tasks; anything else as it is.

    Args:
        item: What may stand for a sample.
        made: What was made of others, as a pickle may name one many times.
        depth: Samples that this one lies in.
    """
    if not isinstance(item, Placeholder) or item.path.rpartition(".")[2] not in _SAMPLES or item.args:
        return item
    if depth > _DEEPEST:
        raise PickleError("its samples are nested too deeply")
    if id(item) not in made:
        fields = {name: value for name, value in vars(item).items() if not name.startswith("_")}
        made[id(item)] = {name: _fields(value, made, depth + 1) for name, value in fields.items()}
    return made[id(item)]


def _storage(machine: Machine, data: Any) -> Storage:
    if type(data) is not bytes:
        raise PickleError("a storage without its numbers")
    machine.budget.take(len(data))
    usual = _USUAL.match(data)
    kind = CONSTRUCTORS.get(f"torch.{usual[1].decode()}") if usual else None
    if usual is None or not isinstance(kind, StorageType) or usual[2] != usual[3]:
        return read_storage(data)
    numbers = data[usual.end() + 8 :]
    count = int.from_bytes(data[usual.end() : usual.end() + 8], "little")
    if count * kind.dtype.itemsize != len(numbers):
        raise PickleError(f"a storage claims {count:,} numbers, and has others")
    tensor = torch.empty(len(numbers), dtype=torch.uint8)
    tensor.numpy()[:] = np.frombuffer(numbers, np.uint8)
    return Storage(tensor.untyped_storage(), kind.dtype, Budget(len(data), _VIEWS))


_LOAD = "torch.storage._load_from_bytes"
_KNOWN = {**CONSTRUCTORS, _LOAD: Constructor(_LOAD, _storage)}
