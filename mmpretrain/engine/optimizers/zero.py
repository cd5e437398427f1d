"""Optimizer state sharded over processes (ZeRO stage 1, https://arxiv.org/abs/1910.02054)."""

from __future__ import annotations

from typing import Any

import torch
from torch.distributed.optim.zero_redundancy_optimizer import ZeroRedundancyOptimizer as _TorchZero
from torch.optim.optimizer import ParamsT

from mmpretrain.errors import ConfigError
from mmpretrain.registry import OPTIMIZERS
from mmpretrain.utils.dist import is_main_process


@OPTIMIZERS.register_module()
class ZeroRedundancyOptimizer(_TorchZero):
    """Keeps on each process the state of a part of the parameters only.

    Args:
        params: Parameters, or groups of them.
        optimizer_type: Name of a torch optimizer.
        **kwargs: Arguments of that optimizer.
    """

    def __init__(self, params: ParamsT, optimizer_type: str, **kwargs: Any) -> None:
        kind = getattr(torch.optim, optimizer_type, None)
        if kind is None:
            raise ConfigError(
                f"torch.optim has no {optimizer_type!r} for ZeroRedundancyOptimizer", key="optimizer_type"
            )
        super().__init__(params, kind, **kwargs)

    def state_dict(self) -> dict[str, Any]:  # type: ignore[override]
        """Return the whole state on the first process, and nothing elsewhere."""
        self.consolidate_state_dict()
        return super().state_dict() if is_main_process() else {}
