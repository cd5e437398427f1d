"""Batch norms with the statistics of all processes, on any device."""

from __future__ import annotations

from functools import cache
from types import FunctionType

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from mmpretrain.errors import ConfigError
from mmpretrain.utils.dist import get_world_size


class SharedBatchNorm(_BatchNorm):
    """What :class:`torch.nn.SyncBatchNorm` is on GPUs, written with operations that any device has."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"SharedBatchNorm needs (B, C, ...), got {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (B, C, ...)."""
        if not self.training or get_world_size() == 1:
            return super().forward(input)
        self._check_input_dim(input)
        axes = [0, *range(2, input.dim())]
        shape = [1, -1] + [1] * (input.dim() - 2)
        size = input.new_full((1,), input.numel() / input.shape[1])
        *sums, count = all_reduce(torch.cat([input.sum(axes), size]))  # (C + 1)
        mean = torch.stack(sums) / count
        centred = input - mean.view(shape)
        var = all_reduce(centred.square().sum(axes)) / count
        self._follow(mean.detach(), var.detach() * count / (count - 1))
        result = centred * (var + self.eps).rsqrt().view(shape)
        return result * self.weight.view(shape) + self.bias.view(shape) if self.affine else result

    def _follow(self, mean: Tensor, var: Tensor) -> None:
        """Update the running statistics, with the unbiased variance."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        factor = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean), factor)
        self.running_var.lerp_(var.to(self.running_var), factor)


def sync_batch_norm(model: nn.Module, kind: str | bool | None, device: torch.device) -> nn.Module:
    """Let batch norms compute their statistics over all processes.

    A batch norm of a special kind is not replaced: its class says in ``synced`` what it becomes, as that of
    sparse networks does, or it is a subclass of :class:`torch.nn.SyncBatchNorm` already.

    Args:
        model: The model.
        kind: True or ``'torch'``; with None and False, only those of type SyncBN do.
        device: Where the model is; on a CPU, :class:`SharedBatchNorm` takes the place of torch's.
    """
    if kind not in (None, False, True, "torch"):
        raise ConfigError(f"sync_bn must be 'torch' or a bool, got {kind!r}")
    if kind:
        special = [
            (parent, name, child)
            for parent in model.modules()
            for name, child in parent._modules.items()
            if isinstance(child, nn.SyncBatchNorm) or hasattr(child, "synced")
        ]
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        for parent, name, child in special:
            parent._modules[name] = child
            if hasattr(child, "synced"):
                child.__class__ = child.synced  # type: ignore[assignment]
                child.process_group = None  # type: ignore[assignment]
    if device.type == "cpu":
        for module in model.modules():
            if isinstance(module, nn.SyncBatchNorm):
                # In place: a model may hold a layer under several names.
                module.__class__ = _shared(type(module))  # type: ignore[assignment]
    return model


@cache
def _shared(kind: type) -> type:
    """The class in which :class:`SharedBatchNorm` takes the place of torch's synchronised batch norm.

    A class whose own methods call ``super()`` stays as it is, as they belong to that class alone.
    """
    if kind is nn.SyncBatchNorm:
        return SharedBatchNorm
    own = {key: value for key, value in vars(kind).items() if key not in ("__dict__", "__weakref__")}
    methods = [value.__code__ for value in own.values() if isinstance(value, FunctionType)]
    if any("__class__" in code.co_freevars for code in methods):
        return kind
    bases = tuple(_shared(base) if issubclass(base, nn.SyncBatchNorm) else base for base in kind.__bases__)
    return type(kind.__name__, bases, own)
