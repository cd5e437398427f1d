"""The decoder of SparK: https://arxiv.org/abs/2301.03580."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.base.module import BaseModule
from mmpretrain.models.layers.configurable import Act, Norm, act_from, configurable, norm_from
from mmpretrain.registry import MODELS

SPARK_INIT: list[dict[str, Any]] = [
    {"type": "Kaiming", "layer": ["Conv2d", "ConvTranspose2d"]},
    {"type": "TruncNormal", "std": 0.02, "layer": ["Linear"]},
    {"type": "Constant", "val": 1, "layer": ["_BatchNorm", "LayerNorm", "SyncBatchNorm"]},
]


@configurable
class ConvBlock2x(BaseModule):
    """Two convolutions with norms.

    Args:
        in_channels: Number of channels of the input.
        out_channels: Number of channels of the output.
        mid_channels: Number of channels between the convolutions.
        norm: The normalisation.
        act: The activation.
        last_act: Whether an activation comes last.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        norm: Norm,
        act: Act,
        last_act: bool,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, mid_channels, 3, padding=1, bias=False)
        self.norm1 = norm(mid_channels)
        self.activate1 = act()
        self.conv2 = nn.Conv2d(mid_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = norm(out_channels)
        self.activate2 = act() if last_act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to (B, out_channels, H, W)."""
        x = self.activate1(self.norm1(self.conv1(x)))
        return self.activate2(self.norm2(self.conv2(x)))


class DecoderConvModule(BaseModule):
    """An upsampling and blocks of convolutions.

    Args:
        in_channels: Number of channels of the input.
        kernel_size: Kernel size of the upsampling.
        scale_factor: How much larger the output is.
        blocks: The layers after it.
    """

    def __init__(
        self, in_channels: int, kernel_size: int, scale_factor: int, blocks: Sequence[nn.Module]
    ) -> None:
        super().__init__()
        extra = kernel_size - scale_factor
        if extra < 0 or extra % 2:
            raise ArgumentError(
                f"kernel_size ({kernel_size}) must exceed scale_factor ({scale_factor}) by an even number",
                key="kernel_size",
            )
        self.upsample = nn.ConvTranspose2d(in_channels, in_channels, kernel_size, scale_factor, extra // 2)
        self.conv_blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to (B, out_channels, scale_factor * H, scale_factor * W)."""
        return self.conv_blocks(self.upsample(x))


@MODELS.register_module()
class SparKLightDecoder(BaseModule):
    """Decodes maps of several sizes to an image.

    Args:
        feature_dim: Number of channels of the smallest map; each larger one has half as many.
        upsample_ratio: How much larger the image is than the smallest map, a power of 2.
        mid_channels: Number of channels between two convolutions; 0 for those of the input.
        kernel_size: Kernel size of the upsampling.
        scale_factor: How much larger a map is than the one before.
        num_conv_blocks: Number of blocks of convolutions after an upsampling.
        norm_cfg: The normalisation.
        act_cfg: The activation.
        last_act: Whether an activation comes last in a block.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        feature_dim: int,
        upsample_ratio: int,
        mid_channels: int = 0,
        kernel_size: int = 4,
        scale_factor: int = 2,
        num_conv_blocks: int = 1,
        norm_cfg: Mapping[str, Any] = {"type": "SyncBN"},
        act_cfg: Mapping[str, Any] = {"type": "ReLU6"},
        last_act: bool = False,
        init_cfg: dict | list[dict] | None = SPARK_INIT,
    ) -> None:
        super().__init__(init_cfg)
        steps = round(math.log2(upsample_ratio)) if upsample_ratio > 0 else -1
        if steps < 0 or 2**steps != upsample_ratio:
            raise ArgumentError(
                f"upsample_ratio must be a power of 2, got {upsample_ratio}", key="upsample_ratio"
            )
        norm, act = norm_from(norm_cfg), act_from(act_cfg)
        self.feature_dim = feature_dim
        self.decoder = nn.ModuleList()
        width = feature_dim
        for i in range(steps):
            out = feature_dim // 2 ** (i + 1)
            widths: list[tuple[int, int]] = [(width, out)] * num_conv_blocks
            blocks = [
                ConvBlock2x(before, after, mid_channels or before, norm, act, last_act)
                for before, after in widths
            ]
            self.decoder.append(DecoderConvModule(width, kernel_size, scale_factor, blocks))
            width = out
        self.proj = nn.Conv2d(width, 3, 1)

    def forward(self, to_dec: Sequence[Tensor | None]) -> Tensor:
        """Decode maps.

        Args:
            to_dec: The maps, smallest first; None for one that is missing.

        Returns:
            Images (B, 3, H, W).
        """
        x: Tensor | None = None
        for i, block in enumerate(self.decoder):
            skip = to_dec[i] if i < len(to_dec) else None
            parts = [part for part in (x, skip) if part is not None]
            x = block(torch.stack(parts).sum(dim=0) if len(parts) > 1 else parts[0])
        return self.proj(x)
