"""Communication between the processes of a run; with one process, every function returns its input.

This is a thin layer over :mod:`torch.distributed`: it adds the single-process case and nothing else.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")
ReduceOp = Literal["sum", "mean", "avg", "max", "min", "product"]


def is_distributed() -> bool:
    """Whether a process group is up."""
    return dist.is_available() and dist.is_initialized()


def get_rank(group: Any = None) -> int:
    """Number of this process."""
    return dist.get_rank(group) if is_distributed() else 0


def get_world_size(group: Any = None) -> int:
    """Number of processes."""
    return dist.get_world_size(group) if is_distributed() else 1


def get_dist_info(group: Any = None) -> tuple[int, int]:
    """Return rank and world size."""
    return get_rank(group), get_world_size(group)


def get_local_rank() -> int:
    """Number of this process on its machine, as torchrun tells it."""
    return int(os.environ.get("LOCAL_RANK", 0)) if is_distributed() else 0


def get_local_size() -> int:
    """Number of processes on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", get_world_size())) if is_distributed() else 1


def get_backend(group: Any = None) -> str | None:
    """Name of the backend in use, or None."""
    return dist.get_backend(group) if is_distributed() else None


def is_main_process(group: Any = None) -> bool:
    """Whether this is the process that writes files and logs."""
    return get_rank(group) == 0


def master_only(func: Callable[P, R]) -> Callable[P, R | None]:
    """Make a function do nothing (and return None) on all processes but the first."""

    @functools.wraps(func)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R | None:
        return func(*args, **kwargs) if is_main_process() else None

    return wrapper


def barrier(group: Any = None) -> None:
    """Wait until every process is here."""
    if is_distributed():
        dist.barrier(group)


def comm_device() -> torch.device:
    """Device that the current backend can send tensors from."""
    if get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def all_reduce(data: Tensor, op: ReduceOp = "sum", group: Any = None) -> Tensor:
    """Combine a tensor over all processes, in place; it is returned too."""
    world_size = get_world_size(group)
    if world_size == 1:
        return data
    mean = op in ("mean", "avg")
    sent = data.to(comm_device())
    dist.all_reduce(sent, getattr(dist.ReduceOp, "SUM" if mean else op.upper()), group=group)
    if mean:
        sent = sent / world_size if sent.is_floating_point() else sent // world_size
    if sent is not data:
        data.copy_(sent)
    return data


def all_reduce_dict(data: dict[str, Tensor], op: ReduceOp = "sum", group: Any = None) -> dict[str, Tensor]:
    """Combine each tensor of a dict over all processes, in place."""
    for key in sorted(data):
        all_reduce(data[key], op, group)
    return data


def all_reduce_params(params: Iterable[Tensor], op: ReduceOp = "sum", group: Any = None) -> None:
    """Combine parameters or buffers over all processes, in place."""
    for param in params:
        all_reduce(param.data, op, group)


def all_gather(data: Tensor, group: Any = None) -> list[Tensor]:
    """Return the tensors of all processes, which must agree in shape, in rank order; no gradient flows."""
    world_size = get_world_size(group)
    if world_size == 1:
        return [data]
    sent = data.to(comm_device()).contiguous()
    received = [torch.empty_like(sent) for _ in range(world_size)]
    dist.all_gather(received, sent, group=group)
    return [item.to(data.device) for item in received]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, data: Tensor) -> Tensor:
        ctx.size = len(data)
        return torch.cat(all_gather(data))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # type: ignore[override]
        return all_reduce(grad.clone()).split(ctx.size)[get_rank()]


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, data: Tensor) -> Tensor:
        return all_reduce(data.clone())

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # type: ignore[override]
        return all_reduce(grad.clone())


def gather_batch(data: Tensor) -> Tensor:
    """Concatenate the tensors (B, ...) of all processes in rank order; gradients flow to all of them.

    Each process computes its loss from the same tensor. Backward adds up the gradients of all processes, so
    that the mean that DistributedDataParallel takes is the gradient of one process with the whole batch.
    """
    return _Gather.apply(data) if get_world_size() > 1 else data  # type: ignore[return-value]


def sum_over_processes(data: Tensor) -> Tensor:
    """Add up the tensors of all processes; gradients flow, see :func:`gather_batch`."""
    return _Sum.apply(data) if get_world_size() > 1 else data  # type: ignore[return-value]


def all_gather_object(data: Any, group: Any = None) -> list[Any]:
    """Return the (picklable) objects of all processes in rank order."""
    world_size = get_world_size(group)
    if world_size == 1:
        return [data]
    received: list[Any] = [None] * world_size
    dist.all_gather_object(received, data, group=group)
    return received


def gather_object(data: Any, dst: int = 0, group: Any = None) -> list[Any] | None:
    """Return the objects of all processes on ``dst``, and None elsewhere."""
    world_size = get_world_size(group)
    if world_size == 1:
        return [data]
    received: list[Any] | None = [None] * world_size if get_rank(group) == dst else None
    dist.gather_object(data, received, dst=dst, group=group)
    return received


def broadcast(data: Tensor, src: int = 0, group: Any = None) -> Tensor:
    """Overwrite a tensor with that of ``src``, in place; it is returned too."""
    if get_world_size(group) == 1:
        return data
    sent = data.to(comm_device()).contiguous()
    dist.broadcast(sent, src, group=group)
    if sent is not data:
        data.copy_(sent)
    return data


def broadcast_object(data: Any, src: int = 0, group: Any = None) -> Any:
    """Return the object of ``src`` on every process."""
    box = [data]
    broadcast_object_list(box, src, group)
    return box[0]


def broadcast_object_list(data: list[Any], src: int = 0, group: Any = None) -> None:
    """Overwrite a list of objects with that of ``src``, in place."""
    if get_world_size(group) > 1:
        dist.broadcast_object_list(data, src, group=group)


def collect_results(results: list, size: int, device: str = "cpu", tmpdir: str | None = None) -> list | None:
    """Put the parts of a list together on the first process, as the samplers dealt them out.

    Args:
        results: Part of this process: items ``rank``, ``rank + world_size``, ...
        size: Length of the whole; what a sampler added to fill up the last round is cut off.
        device: Unused; objects travel through the process group whatever the device.
        tmpdir: Unused, likewise.

    Returns:
        The whole list on the first process, and None elsewhere.
    """
    parts = gather_object(results)
    return None if parts is None else deal_in(parts, size)


def deal_in(parts: Sequence[list], size: int) -> list:
    """Make one list of the first item of each part, the second item of each part, and so on.

    Args:
        parts: The lists.
        size: How many items to keep.
    """
    if len(parts) == 1:
        return parts[0][:size]
    longest = max(map(len, parts))
    return [part[i] for i in range(longest) for part in parts if i < len(part)][:size]


def sync_random_seed() -> int:
    """Draw a seed that is the same on all processes."""
    return int(broadcast_object(secrets.randbelow(2**31)))
