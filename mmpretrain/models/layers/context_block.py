"""Global context (`GCNet <https://arxiv.org/abs/1904.11492>`_)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.init import constant_init, kaiming_init
from mmpretrain.registry import MODELS

FUSIONS = ("channel_add", "channel_mul")


@MODELS.register_module()
class ContextBlock(nn.Module):
    """Adds a global context vector to every place of a map, or multiplies the map by it.

    Args:
        in_channels: Channels C of the map.
        ratio: Width of the small network, relative to C.
        pooling_type: ``'att'`` sums the places weighted by a softmax of scores, ``'avg'`` takes their mean.
        fusion_types: ``'channel_add'``, ``'channel_mul'`` or both.
    """

    _abbr_ = "context_block"

    def __init__(
        self,
        in_channels: int,
        ratio: float,
        pooling_type: Literal["att", "avg"] = "att",
        fusion_types: Sequence[str] = ("channel_add",),
    ) -> None:
        super().__init__()
        if pooling_type not in ("att", "avg"):
            raise ArgumentError(
                f"pooling_type must be 'att' or 'avg', got {pooling_type!r}", key="pooling_type"
            )
        if isinstance(fusion_types, str) or not fusion_types or not set(fusion_types) <= set(FUSIONS):
            raise ArgumentError(
                f"fusion_types must be some of {FUSIONS}, got {fusion_types!r}", key="fusion_types"
            )
        self.in_channels = in_channels
        self.planes = int(in_channels * ratio)
        self.conv_mask = nn.Conv2d(in_channels, 1, kernel_size=1) if pooling_type == "att" else None
        self.channel_add_conv = self._network() if "channel_add" in fusion_types else None
        self.channel_mul_conv = self._network() if "channel_mul" in fusion_types else None
        self.reset_parameters()

    def _network(self) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(self.in_channels, self.planes, kernel_size=1),
            nn.LayerNorm([self.planes, 1, 1]),
            nn.ReLU(inplace=True),
            nn.Conv2d(self.planes, self.in_channels, kernel_size=1),
        )

    def reset_parameters(self) -> None:
        """Start with an addition of zero and a factor of one half."""
        if self.conv_mask is not None:
            kaiming_init(self.conv_mask, mode="fan_in")
        for network in (self.channel_add_conv, self.channel_mul_conv):
            if network is not None:
                constant_init(network[-1], 0)

    def context(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 1, 1)."""
        if self.conv_mask is None:
            return x.mean((2, 3), keepdim=True)
        weights = F.softmax(self.conv_mask(x).flatten(2), dim=-1)  # (B, 1, H * W)
        return (x.flatten(2) @ weights.transpose(1, 2)).unsqueeze(-1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        context = self.context(x)
        if self.channel_mul_conv is not None:
            x = x * self.channel_mul_conv(context).sigmoid()
        return x if self.channel_add_conv is None else x + self.channel_add_conv(context)
