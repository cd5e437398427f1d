"""The neck of HRNet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import BaseModule, ModuleList
from mmpretrain.models.layers import Bottleneck, ConvModule, ResLayer
from mmpretrain.models.layers.configurable import norm_from
from mmpretrain.registry import MODELS

#: Number of channels to which each scale is widened, from the finest to the coarsest.
WIDTHS = (128, 256, 512, 1024)

BATCH_NORM = {"type": "BN", "momentum": 0.1}
LINEAR_INIT = {"type": "Normal", "layer": "Linear", "std": 0.01}


@MODELS.register_module()
class HRFuseScales(BaseModule):
    """Widens the feature map of each scale and adds them up, from the finest to the coarsest.

    See `HRNet <https://arxiv.org/abs/1908.07919>`_, the classification network in appendix C.

    Args:
        in_channels: Number of channels of each scale.
        out_channels: Number of channels of the output.
        norm_cfg: The norm after each down-sampling and after the last layer.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 2048,
        norm_cfg: dict = BATCH_NORM,
        init_cfg: dict | list[dict] | None = LINEAR_INIT,
    ) -> None:
        super().__init__(init_cfg)
        norm = norm_from(norm_cfg)
        if len(in_channels) != len(WIDTHS):
            raise ConfigError(
                f"HRFuseScales fuses {len(WIDTHS)} scales, got in_channels={in_channels!r}", key="in_channels"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.increase_layers = ModuleList(
            [ResLayer(Bottleneck, 1, before, after) for before, after in zip(in_channels, WIDTHS)]
        )

        def conv(before: int, after: int, kernel: int, stride: int) -> nn.Module:
            padding = kernel // 2
            return ConvModule(before, after, kernel, stride, padding, bias=False, norm=norm)

        self.downsample_layers = ModuleList([conv(before, after, 3, 2) for before, after in pairwise(WIDTHS)])
        self.final_layer = conv(WIDTHS[-1], out_channels, 1, 1)

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor]:
        """Fuse feature maps (B, in_channels[i], H / 2**i, W / 2**i) into one of the coarsest size."""
        if len(x) != len(self.in_channels):
            raise ConfigError(
                f"HRFuseScales needs {len(self.in_channels)} feature maps, got {len(x)}", key="in_channels"
            )
        first, *others = self.increase_layers
        fused = first(x[0])
        for down, increase, finer in zip(self.downsample_layers, others, x[1:]):
            fused = down(fused) + increase(finer)
        return (self.final_layer(fused),)
