"""The interface between a training loop and a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.models.base.freeze import FreezableModule
from mmpretrain.registry import MODELS
from mmpretrain.utils.step import run_forward, train_step


class BaseModel(FreezableModule):
    """A model with its own data preprocessor and its own training step.

    Subclasses implement :meth:`forward`.

    Args:
        data_preprocessor: A module, or its config; by default batches are only moved to the device.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(init_cfg, freeze=freeze)
        if data_preprocessor is None:
            data_preprocessor = {"type": "BaseDataPreprocessor"}
        if not isinstance(data_preprocessor, (Mapping, nn.Module)):
            raise TypeError(f"data_preprocessor must be a dict or a module, got {data_preprocessor!r}")
        self.data_preprocessor: nn.Module = MODELS.build(data_preprocessor)

    def forward(
        self,
        inputs: Tensor,
        data_samples: list | None = None,
        mode: Literal["tensor", "loss", "predict"] = "tensor",
    ) -> Any:
        """Return features, losses by name, or the data samples with predictions, as ``mode`` says."""
        raise NotImplementedError(f"{type(self).__name__} must implement forward(inputs, data_samples, mode)")

    def train_step(self, data: dict | tuple | list, optim_wrapper: Any) -> dict[str, Tensor]:
        """Do one step of training.

        Args:
            data: A batch from the data loader.
            optim_wrapper: Runs ``backward`` and the optimizer's step.

        Returns:
            Losses by name for the log; their sum is ``'loss'``.
        """
        return train_step(self, self, data, optim_wrapper)

    def val_step(self, data: dict | tuple | list) -> list:
        """Return the predictions for a batch from the data loader."""
        return self._run_forward(self.data_preprocessor(data, False), mode="predict")

    def test_step(self, data: dict | tuple | list) -> list:
        """Return the predictions for a batch from the data loader."""
        return self.val_step(data)

    def parse_losses(
        self, losses: Mapping[str, Tensor | Sequence[Tensor]]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum everything whose name contains ``'loss'``.

        Returns:
            The loss to minimise, and all values for the log with the sum first.
        """
        total: Tensor | None = None
        log_vars: dict[str, Tensor] = {}
        for name, value in losses.items():
            if isinstance(value, Tensor):
                mean = value.mean() if value.ndim else value
            elif isinstance(value, Sequence) and value and all(isinstance(item, Tensor) for item in value):
                mean = torch.stack([item.mean() for item in value]).sum()
            else:
                raise TypeError(f"The loss {name!r} must be a tensor or a list of tensors, got {value!r}")
            log_vars[name] = mean
            if "loss" in name:
                total = mean if total is None else total + mean
        if total is None:
            raise TypeError(f"No value with 'loss' in its name to minimise, got {sorted(losses)}")
        log_vars["loss"] = total
        return total, {"loss": total, **log_vars}  # the log shows the total first

    def _run_forward(self, data: dict | tuple | list, mode: str) -> Any:
        return run_forward(self, data, mode)
