"""Modules that hold a model whose copies train together, with the step methods of the model."""

from __future__ import annotations

import warnings
from typing import Any

from torch import Tensor, nn
from torch.nn.parallel import DataParallel as _DataParallel
from torch.nn.parallel import DistributedDataParallel as _DistributedDataParallel

from mmpretrain.engine.hooks.access import is_model_wrapper as is_model_wrapper  # users import it from here
from mmpretrain.registry import MODEL_WRAPPERS
from mmpretrain.utils.logging import get_logger
from mmpretrain.utils.step import train_step


@MODEL_WRAPPERS.register_module(name=["MMDistributedDataParallel", "DistributedDataParallel"])
class MMDistributedDataParallel(_DistributedDataParallel):
    """Copies of a model on several processes, whose gradients are averaged.

    Args:
        module: The model.
        detect_anomalous_params: Say which parameters got no gradient.
        **kwargs: Arguments of :class:`torch.nn.parallel.DistributedDataParallel`.
    """

    def __init__(self, module: nn.Module, detect_anomalous_params: bool = False, **kwargs: Any) -> None:
        with warnings.catch_warnings():  # older versions of torch do not know the successor
            warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")
            super().__init__(module, **kwargs)
        self.detect_anomalous_params = detect_anomalous_params

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Tensor]:
        """Train on one batch; the model's own loss handling applies."""
        log_vars = train_step(self.module, self, data, optim_wrapper)
        if self.detect_anomalous_params:
            self._name_parameters_without_gradient()
        return log_vars

    def val_step(self, data: Any) -> Any:
        """Predict a batch of validation data; no process waits for another."""
        return self.module.val_step(data)  # type: ignore[operator]

    def test_step(self, data: Any) -> Any:
        """Predict a batch of test data; no process waits for another."""
        return self.module.test_step(data)  # type: ignore[operator]

    def _name_parameters_without_gradient(self) -> None:
        idle = [name for name, p in self.module.named_parameters() if p.requires_grad and p.grad is None]
        if idle:
            get_logger().warning(f"Parameters without gradient: {', '.join(idle)}")


@MODEL_WRAPPERS.register_module(name="MMSeparateDistributedDataParallel")
class MMSeparateDistributedDataParallel(nn.Module):
    """Wraps each child of a model by itself, for models that train their parts with their own optimizers.

    Args:
        module: The model; its children with parameters are replaced by wrapped ones.
        broadcast_buffers: Synchronise buffers before each forward pass.
        find_unused_parameters: Allow for parameters that a forward pass does not use.
        **kwargs: Arguments of :class:`MMDistributedDataParallel`.
    """

    def __init__(
        self,
        module: nn.Module,
        broadcast_buffers: bool = False,
        find_unused_parameters: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.module = module
        for name, child in module.named_children():
            if any(parameter.requires_grad for parameter in child.parameters()):
                wrapped = MMDistributedDataParallel(
                    child,
                    broadcast_buffers=broadcast_buffers,
                    find_unused_parameters=find_unused_parameters,
                    **kwargs,
                )
                setattr(module, name, wrapped)

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, Tensor]:
        """Train on one batch."""
        return self.module.train_step(data, optim_wrapper)  # type: ignore[operator]

    def val_step(self, data: Any) -> Any:
        """Predict a batch of validation data."""
        return self.module.val_step(data)  # type: ignore[operator]

    def test_step(self, data: Any) -> Any:
        """Predict a batch of test data."""
        return self.module.test_step(data)  # type: ignore[operator]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model."""
        return self.module(*args, **kwargs)


MODEL_WRAPPERS.register_module(name="DataParallel", module=_DataParallel)
