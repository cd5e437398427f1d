"""The head that predicts numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.heads.base import (
    LINEAR_INIT,
    BaseClsHead,
    Features,
    InitCfg,
    class_token,
    feature_layer,
)
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

SMOOTH_L1 = {"type": "SmoothL1Loss"}


@MODELS.register_module()
class RegressionHead(BaseClsHead):
    """Predicts D numbers, such as an age or two coordinates, by one linear layer.

    The layer learns ``(value - target_mean) / target_std``, and the loss is taken of that. Both are part of
    the state; ``NormalizeTargetsHook`` sets them from the training data.

    Args:
        in_channels: Number of channels of the features.
        num_values: Number of values D.
        loss: The loss, or its config: ``L1Loss``, ``SmoothL1Loss``, ``MSELoss`` or ``HuberLoss``.
        target_mean: Mean of the targets: a number, or one for each value.
        target_std: Standard deviation of the targets, likewise.
        init_cfg: How the weights are initialised.
    """

    target_mean: Tensor
    target_std: Tensor

    def __init__(
        self,
        in_channels: int,
        num_values: int = 1,
        loss: dict | nn.Module = SMOOTH_L1,
        target_mean: float | Sequence[float] = 0.0,
        target_std: float | Sequence[float] = 1.0,
        init_cfg: InitCfg = LINEAR_INIT,
    ) -> None:
        super().__init__(loss, init_cfg)
        if not isinstance(num_values, int) or num_values <= 0:
            raise ConfigError(f"num_values must be a positive integer, got {num_values!r}", key="num_values")
        self.in_channels = in_channels
        self.num_values = num_values
        self.fc = feature_layer(in_channels, num_values)
        self.register_buffer("target_mean", torch.zeros(num_values))
        self.register_buffer("target_std", torch.ones(num_values))
        self.set_target_statistics(target_mean, target_std)

    def set_target_statistics(
        self, mean: float | Sequence[float] | Tensor, std: float | Sequence[float] | Tensor
    ) -> None:
        """Set the mean and the standard deviation of the targets: numbers, or (D,).

        Raises:
            ConfigError: If they are not finite, a deviation is not positive, or there are not D of them.
        """
        for name, value, buffer in (
            ("target_mean", mean, self.target_mean),
            ("target_std", std, self.target_std),
        ):
            given = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
            fits = given.shape in ((), (self.num_values,)) and bool(np.isfinite(given).all())
            if not fits or (name == "target_std" and not bool((given > 0).all())):
                kind = "positive" if name == "target_std" else "finite"
                raise ConfigError(
                    f"{name} must be a {kind} number, or one for each of the {self.num_values} values, "
                    f"got {given.tolist()}",
                    key=name,
                )
            buffer.copy_(torch.from_numpy(np.full(self.num_values, given, np.float32)))

    def pre_logits(self, feats: Features) -> Any:
        """Return what the linear layer gets: the features of the last stage, or its class token."""
        return class_token(super().pre_logits(feats))

    def forward(self, feats: Features) -> Tensor:
        """Return the values in their unit, (B, D)."""
        return self.fc(self.pre_logits(feats)) * self.target_std + self.target_mean

    def loss(self, feats: Features, data_samples: Sequence[DataSample], **kwargs: Any) -> dict[str, Tensor]:
        """Return the loss of the normalised values; see :meth:`BaseClsHead.loss`."""
        output = self.fc(self.pre_logits(feats))
        target = value_target(data_samples, self.num_values).to(self.target_mean)
        target = (target - self.target_mean) / self.target_std
        return {"loss": self.loss_module(output, target, **kwargs)}

    def predict(
        self, feats: Features, data_samples: Sequence[DataSample | None] | None = None
    ) -> list[DataSample]:
        """Return data samples with ``pred_value``, (D,) in the unit of the targets."""
        values = self(feats).float()
        given = data_samples if data_samples is not None else [None] * len(values)
        return [
            (sample if sample is not None else DataSample()).set_pred_value(value)
            for sample, value in zip(given, values)
        ]


def value_target(data_samples: Sequence[DataSample], num_values: int) -> Tensor:
    """Return the right values of a batch, (B, D).

    Raises:
        DataError: If a sample has none.
        ConfigError: If a sample has another number of values.
    """
    for sample in data_samples:
        if "gt_value" not in sample:
            raise DataError(
                "the sample has no value to learn (gt_value)",
                where=sample.get("img_path"),
                hint="A table names its column: TableDataset(value='age'); other data sets put gt_value into "
                "their records.",
            )
        if len(sample.gt_value) != num_values:
            raise ConfigError(
                f"the head predicts num_values={num_values}, but a sample has {len(sample.gt_value)}",
                where=sample.get("img_path"),
                hint="Set num_values in model.head to the number of values of each sample.",
                key="num_values",
            )
    return torch.stack([sample.gt_value for sample in data_samples])
