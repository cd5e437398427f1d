"""Global average pooling."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.necks.stages import Stages, per_stage
from mmpretrain.registry import MODELS

POOLS: dict[int, type[nn.Module]] = {
    1: nn.AdaptiveAvgPool1d,
    2: nn.AdaptiveAvgPool2d,
    3: nn.AdaptiveAvgPool3d,
}


def average_pool(dim: int) -> nn.Module:
    """Return an average pooling over all of the last ``dim`` dimensions; 0 is no pooling."""
    if dim == 0:
        return nn.Identity()
    if dim not in POOLS:
        raise ConfigError(f"Average pooling works over 1, 2 or 3 dimensions, got {dim!r}", key="dim")
    return POOLS[dim](1)


@MODELS.register_module()
class GlobalAveragePooling(nn.Module):
    """Averages over all positions: (B, C, *) -> (B, C), for each stage.

    Args:
        dim: Number of dimensions after the channels.
    """

    def __init__(self, dim: Literal[1, 2, 3] = 2) -> None:
        super().__init__()
        if dim == 0:
            raise ConfigError("Average pooling works over 1, 2 or 3 dimensions, got 0")
        self.gap = average_pool(dim)

    def forward(self, inputs: Stages) -> Tensor | tuple[Tensor, ...]:
        """Pool the features of one stage, or of several."""
        return per_stage(lambda x: self.gap(x).flatten(1), inputs)
