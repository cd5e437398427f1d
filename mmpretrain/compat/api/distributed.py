"""Several processes and devices, under the names of MMEngine and MMCV."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed import ReduceOp

from mmpretrain.compat.api.kinds import apply_to
from mmpretrain.engine.runner.launch import init_process_group
from mmpretrain.errors import ConfigError
from mmpretrain.utils.dist import all_gather, collect_results, comm_device, get_rank, get_world_size
from mmpretrain.utils.env import default_device
from mmpretrain.utils.seeding import seed_everything


def init_dist(launcher: str, backend: str = "nccl", init_backend: str = "torch", **kwargs: Any) -> None:
    """Join the processes that a launcher has started.

    Args:
        launcher: ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        backend: How they talk: ``'nccl'`` or ``'gloo'``.
        init_backend: Accepted for compatibility.
        **kwargs: Accepted for compatibility.
    """
    init_process_group(launcher, backend=backend)


def infer_launcher() -> str:
    """Return which launcher started this process, or ``'none'``."""
    marks = {"pytorch": "WORLD_SIZE", "slurm": "SLURM_NTASKS", "mpi": "OMPI_COMM_WORLD_LOCAL_RANK"}
    return next((launcher for launcher, mark in marks.items() if mark in os.environ), "none")


def collect_results_cpu(result_part: list, size: int, tmpdir: str | None = None) -> list | None:
    """Bring the results of all processes together in the first one."""
    return collect_results(result_part, size, "cpu", tmpdir)


def collect_results_gpu(result_part: list, size: int) -> list | None:
    """Bring the results of all processes together in the first one."""
    return collect_results(result_part, size)


def gather(data: Tensor, dst: int = 0, group: Any = None) -> list[Tensor]:
    """Bring the tensors of all processes together in one; the others get an empty list."""
    gathered = all_gather(data, group)
    return gathered if get_rank(group) == dst else []


def get_comm_device(group: Any = None) -> torch.device:
    """Return the device from which processes exchange tensors."""
    return comm_device()


def get_data_device(data: Any) -> torch.device:
    """Return the device that all tensors in nested containers are on."""
    found: set[torch.device] = set()
    apply_to(data, lambda item: isinstance(item, Tensor), lambda tensor: found.add(tensor.device))
    if len(found) != 1:
        raise ValueError(f"The data must be on one device, and is on {sorted(map(str, found)) or 'none'}")
    return found.pop()


def cast_data_device(data: Any, device: torch.device, out: Any = None) -> Any:
    """Move the tensors in nested containers to a device; ``out`` is filled instead where it is given."""
    moved = apply_to(data, lambda item: isinstance(item, Tensor), lambda tensor: tensor.to(device))
    if out is None:
        return moved
    if isinstance(out, Tensor):
        return out.copy_(moved)
    if isinstance(out, Mapping):
        return {key: cast_data_device(data[key], device, out[key]) for key in data}
    return type(out)(cast_data_device(item, device, place) for item, place in zip(data, out))


def allreduce_params(params: Iterable[Tensor], coalesce: bool = True, bucket_size_mb: int = -1) -> None:
    """Average tensors over all processes, in place."""
    world = get_world_size()
    if world > 1:
        for param in params:
            torch.distributed.all_reduce(param.data.div_(world), ReduceOp.SUM)


def allreduce_grads(params: Iterable[Tensor], coalesce: bool = True, bucket_size_mb: int = -1) -> None:
    """Average the gradients of parameters over all processes, in place."""
    allreduce_params([param.grad for param in params if param.requires_grad and param.grad is not None])


def get_device() -> str:
    """Return the kind of device that a model runs on by default: ``'cuda'``, ``'mps'`` or ``'cpu'``."""
    return default_device().type


def get_max_cuda_memory(device: torch.device | None = None) -> int:
    """Return the most memory that tensors have taken on a GPU, in MiB."""
    used = torch.cuda.max_memory_allocated(device)
    torch.cuda.reset_peak_memory_stats()
    return int(used / 2**20)


def is_cuda_available() -> bool:
    """Whether there is a GPU."""
    return torch.cuda.is_available()


def is_mps_available() -> bool:
    """Whether there is a GPU of Apple's."""
    return torch.backends.mps.is_available()


def is_npu_available() -> bool:
    """Return False: Ascend NPUs, like other devices that torch does not know, are not supported."""
    return False


_ONE_DEVICE = "Start several processes with dist_train.sh or torchrun."
IS_CUDA_AVAILABLE = is_cuda_available()
IS_MPS_AVAILABLE = is_mps_available()
IS_NPU_AVAILABLE = IS_MLU_AVAILABLE = IS_IPU_AVAILABLE = False
TORCH_VERSION = torch.__version__


def set_random_seed(
    seed: int | None = None, deterministic: bool = False, diff_rank_seed: bool = False, **kwargs: Any
) -> int:
    """Seed ``random``, NumPy and torch, and return the seed.

    Args:
        seed: The seed; 0 if it is None.
        deterministic: Choose algorithms that always give the same numbers.
        diff_rank_seed: Give each process its own seed.
        **kwargs: Accepted for compatibility.
    """
    number = 0 if seed is None else seed
    if isinstance(number, bool) or not isinstance(number, int):
        raise ConfigError(f"seed must be a whole number, got {seed!r}")
    import random

    import numpy as np

    own = number + get_rank() if diff_rank_seed else number
    random.seed(own)
    np.random.seed(own % 2**32)
    torch.manual_seed(own)
    if deterministic:
        from mmpretrain.utils.env import set_deterministic

        set_deterministic()
    return number


def worker_init_fn(
    worker_id: int, num_workers: int, rank: int, seed: int, disable_subprocess_warning: bool = False
) -> None:
    """Seed a worker of a data loader."""
    set_random_seed(num_workers * rank + worker_id + seed)


def seed_worker(*key: int) -> None:
    """Seed this process by several numbers."""
    seed_everything(*key)


class DataContainer:
    """A value that is not stacked, with the options that ``mmcv.parallel.collate`` reads.

    Args:
        data: The value.
        stack: Stack the values of a batch after all.
        padding_value: What to fill with where tensors differ in size.
        cpu_only: Leave it on the CPU.
        pad_dims: How many of the last axes may differ.
    """

    def __init__(
        self,
        data: Any,
        stack: bool = False,
        padding_value: float = 0,
        cpu_only: bool = False,
        pad_dims: int | None = 2,
    ) -> None:
        self.data = data
        self.stack = stack
        self.padding_value = padding_value
        self.cpu_only = cpu_only
        self.pad_dims = pad_dims

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.data!r})"

    def size(self, *args: Any) -> Any:
        """Return the size of the tensor inside."""
        return self.data.size(*args)

    def dim(self) -> int:
        """Return the number of axes of the tensor inside."""
        return self.data.dim()


def collate(batch: Sequence[Any], samples_per_gpu: int = 1) -> Any:
    """Make a batch of samples, whose :class:`DataContainer` values are not stacked.

    Args:
        batch: The samples.
        samples_per_gpu: How many of them are kept together, in containers that are not stacked.
    """
    from mmpretrain.compat.api.layers import stack_batch
    from mmpretrain.datasets.collate import default_collate

    first = batch[0]
    if isinstance(first, DataContainer):
        groups = [
            [item.data for item in batch[start : start + samples_per_gpu]]
            for start in range(0, len(batch), samples_per_gpu)
        ]
        if not first.stack:
            return DataContainer(groups, cpu_only=first.cpu_only)
        stacked = [stack_batch(group, pad_value=first.padding_value) for group in groups]
        return DataContainer(stacked, True, first.padding_value)
    if isinstance(first, Mapping):
        return {key: collate([item[key] for item in batch], samples_per_gpu) for key in first}
    if isinstance(first, (list, tuple)) and not isinstance(first, str):
        return [collate(items, samples_per_gpu) for items in zip(*batch)]
    return default_collate(batch)


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> tuple[Any, ...]:
    """Move a batch to a device, and open its containers; the result has one batch for each device.

    Args:
        inputs: The batch.
        target_gpus: The devices; a process has one. Numbers below 0 are the CPU.
        dim: Accepted for compatibility.
    """
    if len(target_gpus) > 1:
        raise ConfigError("A process uses one device", hint=_ONE_DEVICE)
    target = target_gpus[0] if target_gpus else -1
    device = torch.device("cpu") if isinstance(target, int) and target < 0 else torch.device(target)

    def move(item: Any) -> Any:
        if isinstance(item, DataContainer):
            inner = item.data[0] if isinstance(item.data, list) and item.data else item.data
            return inner if item.cpu_only else cast_data_device(inner, device)
        return item.to(device)

    moved = apply_to(inputs, lambda item: isinstance(item, (Tensor, DataContainer)), move)
    return (moved,)


def scatter_kwargs(
    inputs: Any, kwargs: Mapping[str, Any], target_gpus: Sequence[Any], dim: int = 0
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Move positional and keyword arguments to a device; see :func:`scatter`."""
    return scatter(inputs, target_gpus, dim), scatter(dict(kwargs), target_gpus, dim)


class MMDataParallel(nn.Module):
    """A model on one device, with the methods of ``mmcv.parallel.MMDataParallel``.

    Args:
        module: The model.
        device_ids: The device.
        dim: Accepted for compatibility.
        **kwargs: Accepted for compatibility.
    """

    def __init__(
        self, module: nn.Module, device_ids: Sequence[Any] = (0,), dim: int = 0, **kwargs: Any
    ) -> None:
        super().__init__()
        if len(device_ids) > 1:
            raise ConfigError(
                "A process uses one device", hint="Start several with dist_train.sh or torchrun."
            )
        usable = [device for device in device_ids if not isinstance(device, int) or torch.cuda.is_available()]
        self.device_ids = [device for device in usable if not isinstance(device, int) or device >= 0]
        self.module = module.to(torch.device(self.device_ids[0])) if self.device_ids else module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Run the model on inputs that are moved to its device."""
        args, options = scatter_kwargs(inputs, kwargs, self.device_ids)
        return self.module(*args[0], **options[0])

    def train_step(self, *inputs: Any, **kwargs: Any) -> Any:
        """Run a training step of the model."""
        args, options = scatter_kwargs(inputs, kwargs, self.device_ids)
        return self.module.train_step(*args[0], **options[0])  # type: ignore[operator]

    def val_step(self, *inputs: Any, **kwargs: Any) -> Any:
        """Run a validation step of the model."""
        args, options = scatter_kwargs(inputs, kwargs, self.device_ids)
        return self.module.val_step(*args[0], **options[0])  # type: ignore[operator]


def is_module_wrapper(module: nn.Module) -> bool:
    """Whether a module wraps a model, for one device or several."""
    from mmpretrain.engine.runner.wrappers import is_model_wrapper

    return isinstance(module, MMDataParallel) or is_model_wrapper(module)
