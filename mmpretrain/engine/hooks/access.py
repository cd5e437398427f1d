"""Finding the user's model inside wrappers for distributed training."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmpretrain.registry import MODEL_WRAPPERS


def is_model_wrapper(model: nn.Module) -> bool:
    """Whether a module only holds a model, as ``module``, for several processes to train it together."""
    return isinstance(model, (DistributedDataParallel, *MODEL_WRAPPERS.module_dict.values()))


def unwrap(model: nn.Module) -> Any:
    """Return the user's model."""
    while is_model_wrapper(model):
        model = model.module  # type: ignore[assignment]
    return model
