"""A linear projection."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mmpretrain.models.base import BaseModule
from mmpretrain.models.layers.configurable import act_from, norm_from
from mmpretrain.models.necks.gap import average_pool
from mmpretrain.models.necks.stages import Stages
from mmpretrain.registry import MODELS

BATCH_NORM_1D = {"type": "BN1d"}


@MODELS.register_module()
class LinearNeck(BaseModule):
    """Average pooling, linear layer, norm and activation on the last stage; all but one may be absent.

    Args:
        in_channels: Number of channels of the features.
        out_channels: Number of channels of the output.
        gap_dim: Number of dimensions to pool over; 0 for no pooling.
        norm_cfg: The norm; None for no norm.
        act_cfg: The activation; None for no activation.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        gap_dim: Literal[0, 1, 2, 3] = 0,
        norm_cfg: dict | None = BATCH_NORM_1D,
        act_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.gap = average_pool(gap_dim)
        self.fc = nn.Linear(in_channels, out_channels)
        norm, act = norm_from(norm_cfg or None), act_from(act_cfg or None)
        self.norm = norm(out_channels) if norm else nn.Identity()
        self.act = act() if act else nn.Identity()

    def forward(self, inputs: Stages) -> tuple[Tensor]:
        """Project the features of the last stage: (B, in_channels, *) -> (B, out_channels)."""
        x = inputs if isinstance(inputs, Tensor) else inputs[-1]
        return (self.act(self.norm(self.fc(self.gap(x).flatten(1)))),)
