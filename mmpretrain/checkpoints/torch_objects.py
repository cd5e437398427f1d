"""PyTorch's tensors, storages and constants from a pickle, with checked sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmpretrain.utils import pickles
from mmpretrain.utils.budget import Budget
from mmpretrain.utils.pickles.filling import allow_keys
from mmpretrain.utils.pickles.objects import Constructor, PickleError, Placeholder

if TYPE_CHECKING:
    from mmpretrain.utils.pickles.machine import Machine

_MOST_AXES = 64
#: What a tensor costs besides its numbers, bytes.
_TENSOR = 512

#: Names of storages, without their ending -> what they hold.
_STORED = {
    "Double": torch.float64, "Float": torch.float32, "Half": torch.float16, "BFloat16": torch.bfloat16,
    "Long": torch.int64, "Int": torch.int32, "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8,
    "Bool": torch.bool, "ComplexDouble": torch.complex128, "ComplexFloat": torch.complex64,
    "QUInt8": torch.quint8, "QInt8": torch.qint8, "QInt32": torch.qint32, "Untyped": torch.uint8,
}  # fmt: skip


@dataclass(eq=False)
class Storage:
    """The numbers behind some tensors.

    Attributes:
        untyped: The bytes.
        dtype: Their element type.
        budget: Bytes that all tensors together may claim, among them views of the same storage.
    """

    untyped: torch.UntypedStorage
    dtype: torch.dtype
    budget: Budget


@dataclass(frozen=True)
class StorageType:
    """Placeholder for a class of storages."""

    dtype: torch.dtype


def _sizes(values: Any) -> tuple[int, ...]:
    sizes = tuple(values) if isinstance(values, (tuple, list)) else None
    if sizes is None or len(sizes) > _MOST_AXES:
        raise PickleError("the shape of a tensor")
    if not all(type(size) is int and 0 <= size < 1 << 62 for size in sizes) or math.prod(sizes) >= 1 << 62:
        raise PickleError(f"the shape {sizes} of a tensor")
    return sizes


def _view(storage: Any, offset: Any, size: Any, stride: Any, dtype: torch.dtype | None = None) -> Any:
    """Check that a tensor is inside of its storage.

    Returns:
        Its type, offset, shape and strides.
    """
    if type(storage) is not Storage or type(offset) is not int or offset < 0:
        raise PickleError("a tensor without a storage")
    dtype = dtype or storage.dtype
    sizes, strides = _sizes(size), _sizes(stride)
    if len(sizes) != len(strides):
        raise PickleError("a tensor has other strides than axes")
    last = sum((size - 1) * stride for size, stride in zip(sizes, strides)) if math.prod(sizes) else -1
    held = storage.untyped.nbytes() // dtype.itemsize
    if (last >= 0 and offset + last >= held) or offset > held:
        raise PickleError(f"a tensor of shape {sizes} lies outside of the {held} numbers of its storage")
    storage.budget.take(math.prod(sizes) * dtype.itemsize)
    return dtype, offset, sizes, strides


def _tensor(machine: Machine, storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Tensor:
    """Make a tensor; ``rest`` is whether it takes gradients, its hooks, and bits that change its sign."""
    dtype, *place = _view(storage, offset, size, stride)
    return _finished(machine, storage, dtype, place, *rest)


def _tensor_of_type(
    machine: Machine, storage: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, dtype: Any,
    *rest: Any,
) -> Tensor:  # fmt: skip
    if not isinstance(dtype, torch.dtype):
        raise PickleError("the type of a tensor")
    dtype, *place = _view(storage, offset, size, stride, dtype)
    return _finished(machine, storage, dtype, place, grad, hooks, *rest)


def _finished(
    machine: Machine, storage: Storage, dtype: torch.dtype, place: list[Any],
    grad: Any = False, hooks: Any = None, bits: Any = None,
) -> Tensor:  # fmt: skip
    machine.budget.take(_TENSOR)
    tensor = torch.empty(0, dtype=dtype, device=storage.untyped.device)
    tensor.set_(storage.untyped, *place)
    if isinstance(bits, dict):
        tensor = tensor.conj() if bits.get("conj") is True and dtype.is_complex else tensor
        tensor = tensor._neg_view() if bits.get("neg") is True else tensor
    return tensor.requires_grad_(_can_learn(tensor, grad))


def _can_learn(tensor: Tensor, grad: Any) -> bool:
    return grad is True and (tensor.is_floating_point() or tensor.is_complex())


def _parameter(machine: Machine, data: Any, grad: Any = True, *rest: Any) -> Tensor:
    """Make a parameter; ``rest`` is its hooks, and attributes that user code has set."""
    if not isinstance(data, Tensor):
        raise PickleError("a parameter without a tensor")
    machine.budget.take(_TENSOR)
    return torch.nn.Parameter(data.detach(), _can_learn(data, grad))


def _subclass(machine: Machine, function: Any, kind: Any, args: Any, *state: Any) -> Any:
    """Make the tensor that an object of a subclass is; its attributes are left out."""
    made = machine.made(function, args)
    parameter = isinstance(kind, Constructor) and kind.path.endswith(".Parameter")
    return _parameter(machine, made, made.requires_grad) if parameter else made


def _without_storage(machine: Machine, dtype: Any, size: Any, stride: Any, grad: Any) -> Tensor:
    if not isinstance(dtype, torch.dtype):
        raise PickleError("the type of a tensor")
    machine.budget.take(_TENSOR)
    return torch.empty_strided(_sizes(size), _sizes(stride), dtype=dtype, device="meta")


def _quantized(
    machine: Machine, storage: Any, offset: Any, size: Any, stride: Any, scheme: Any, *rest: Any
) -> Tensor:
    dtype, offset, sizes, strides = _view(storage, offset, size, stride)
    if storage.untyped.nbytes() < math.prod(sizes) * dtype.itemsize:
        raise PickleError("a quantized tensor is larger than its storage")
    kind, *numbers = scheme
    device = storage.untyped.device
    if kind == torch.per_tensor_affine:
        scale, zero = float(numbers[0]), int(numbers[1])
        made = torch._empty_affine_quantized(sizes, scale=scale, zero_point=zero, dtype=dtype, device=device)
    elif kind in (torch.per_channel_affine, torch.per_channel_affine_float_qparams):
        scales, zeros, axis = (_vector(numbers[0]), _vector(numbers[1]), numbers[2])
        if type(axis) is not int or not 0 <= axis < len(sizes):
            raise PickleError("the axis of a quantized tensor")
        if not scales.numel() == zeros.numel() == sizes[axis]:
            raise PickleError("a quantized tensor has not a scale for each channel")
        made = torch._empty_per_channel_affine_quantized(
            sizes, scales=scales, zero_points=zeros, axis=axis, dtype=dtype, device=device
        )
    else:
        raise PickleError(f"a tensor quantized by {kind}")
    return made.set_(storage.untyped, offset, sizes, strides)


def _vector(values: Any) -> Tensor:
    vector = torch.tensor(values) if isinstance(values, (list, tuple)) else values
    if not isinstance(vector, Tensor) or vector.ndim != 1 or vector.is_quantized or vector.is_sparse:
        raise PickleError("the scales of a quantized tensor")
    return vector.detach()


def _sparse(machine: Machine, layout: Any, data: Any) -> Tensor:
    """Make a sparse tensor; PyTorch compares its indices with its shape."""
    coordinates = layout == torch.sparse_coo
    parts, size = (data[:2], data[2]) if coordinates else (data[:3], data[3])
    if not all(isinstance(part, Tensor) and part.layout == torch.strided for part in parts):
        raise PickleError("a sparse tensor without indices or values")
    sizes = _sizes(tuple(size))
    machine.budget.take(math.prod(sizes) * parts[-1].dtype.itemsize)  # what it takes once it is dense
    if coordinates:
        return torch.sparse_coo_tensor(parts[0], parts[1], sizes, check_invariants=True)
    return torch.sparse_compressed_tensor(
        parts[0], parts[1], parts[2], sizes, layout=layout, check_invariants=True
    )


def _size(machine: Machine, values: Any = ()) -> torch.Size:
    return torch.Size(_sizes(values))


def _device(machine: Machine, kind: Any, *index: Any) -> torch.device:
    if type(kind) is not str or not all(type(number) is int for number in index):
        raise PickleError("a device")
    return torch.device(kind, *index)


def _layout(machine: Machine, name: Any) -> torch.layout:
    found = vars(torch).get(name.removeprefix("torch."))
    if not isinstance(found, torch.layout):
        raise PickleError(f"the layout {name!r} of a tensor")
    return found


def _no_tensor(machine: Machine, *args: Any) -> Placeholder:
    return Placeholder("torch.Tensor", args)


def _table() -> dict[str, Any]:
    makers = {
        "torch.Size": _size,
        "torch.device": _device,
        "torch.Tensor": _no_tensor,
        "torch.serialization._get_layout": _layout,
        "torch.nn.parameter.Parameter": _parameter,
        "torch._utils._rebuild_tensor": _tensor,
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_tensor_v3": _tensor_of_type,
        "torch._utils._rebuild_parameter": _parameter,
        "torch._utils._rebuild_parameter_with_state": _parameter,
        "torch._utils._rebuild_qtensor": _quantized,
        "torch._utils._rebuild_sparse_tensor": _sparse,
        "torch._utils._rebuild_meta_tensor_no_storage": _without_storage,
        "torch._tensor._rebuild_from_type_v2": _subclass,
    }
    table: dict[str, Any] = {path: Constructor(path, make) for path, make in makers.items()}
    for name, value in vars(torch).items():
        if isinstance(value, (torch.dtype, torch.layout, torch.memory_format, torch.qscheme)):
            table[f"torch.{name}"] = value
    for name, dtype in _STORED.items():
        for module in ("torch", "torch.cuda", "torch.storage"):
            table[f"{module}.{name}Storage"] = StorageType(dtype)
    return table


def _leave(target: Any, state: Any, budget: Budget) -> None:
    """Ignore attributes of tensors."""


#: What a checkpoint may call, and how the states of the results are set.
CONSTRUCTORS = {**pickles.CONSTRUCTORS, **_table()}
STATES = {**pickles.STATES, Tensor: _leave, torch.nn.Parameter: _leave}

allow_keys(torch.dtype, torch.device, torch.layout, Tensor)
