"""EdgeNeXt: https://arxiv.org/abs/2206.10589."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.backbones.convnext import ConvNeXt, ConvNeXtBlock
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.configurable import act_from, norm_from
from mmpretrain.models.layers.cross_covariance import ChannelMultiheadAttention
from mmpretrain.models.layers.drop import DropPath, stage_drop_path_rates
from mmpretrain.models.layers.fourier import fourier_positions
from mmpretrain.models.layers.shape import to_tokens
from mmpretrain.registry import MODELS


class PositionEncodingFourier(nn.Module):
    """Sines and cosines of rows and columns, projected to the number of channels.

    Args:
        embed_dims: Number of channels C.
        in_channels: Number of sines and cosines of rows, and of columns.
    """

    def __init__(self, embed_dims: int, in_channels: int = 32) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.proj = nn.Conv2d(in_channels * 2, embed_dims, kernel_size=1)

    def forward(self, hw: tuple[int, int]) -> Tensor:
        """The encoding (1, C, h, w) of a map."""
        weight = self.proj.weight
        return self.proj(fourier_positions(hw, self.in_channels, weight.device).to(weight.dtype))


class SDTAEncoder(BaseModule):
    """Split depthwise convolutions, attention among channels, and a feed-forward network.

    Args:
        in_channel: Number of channels C.
        drop_path_rate: Stochastic-depth rate of the branches.
        layer_scale_init_value: Start value of their scales.
        mlp_ratio: Width of the feed-forward network, relative to C.
        use_pos_emb: Add a position encoding.
        num_heads: Number of attention heads.
        scales: Into how many parts the channels are split; all but the last are convolved.
    """

    def __init__(
        self,
        in_channel: int,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        mlp_ratio: int = 4,
        use_pos_emb: bool = True,
        num_heads: int = 8,
        scales: int = 1,
    ) -> None:
        super().__init__()
        self.conv_channels = -(-in_channel // scales)
        width = self.conv_channels
        self.conv_modules = ModuleList(
            nn.Conv2d(width, width, kernel_size=3, padding=1, groups=width) for _ in range(max(scales - 1, 1))
        )
        self.pos_embed = PositionEncodingFourier(in_channel) if use_pos_emb else None
        self.norm_csa = nn.LayerNorm(in_channel)
        self.gamma_csa = nn.Parameter(torch.full((in_channel,), layer_scale_init_value))
        self.csa = ChannelMultiheadAttention(in_channel, num_heads, qkv_bias=True)
        self.norm = nn.LayerNorm(in_channel)
        self.pointwise_conv1 = nn.Linear(in_channel, mlp_ratio * in_channel)
        self.act = nn.GELU()
        self.pointwise_conv2 = nn.Linear(mlp_ratio * in_channel, in_channel)
        self.gamma = nn.Parameter(torch.full((in_channel,), layer_scale_init_value))
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        hw = (x.shape[2], x.shape[3])
        tokens = to_tokens(self.convolve(x))
        if self.pos_embed is not None:
            tokens = tokens + to_tokens(self.pos_embed(hw))
        tokens = tokens + self.drop_path(self.gamma_csa * self.csa(self.norm_csa(tokens)))
        hidden = self.act(self.pointwise_conv1(self.norm(tokens)))
        out = self.gamma * self.pointwise_conv2(hidden)
        return x + self.drop_path(out.unflatten(1, hw).permute(0, 3, 1, 2))

    def convolve(self, x: Tensor) -> Tensor:
        """Convolve all parts of the channels but the last, each after adding the one before."""
        *parts, last = x.split(self.conv_channels, dim=1)
        outs: list[Tensor] = []
        for conv, part in zip(self.conv_modules, parts):
            outs.append(conv(part + outs[-1] if outs else part))
        return torch.cat((*outs, last), dim=1)


def _arch(channels: list[int], depths: list[int], heads: int) -> dict[str, list[int]]:
    return {"channels": channels, "depths": depths, "num_heads": [heads] * 4}


@MODELS.register_module()
class EdgeNeXt(ConvNeXt):
    """EdgeNeXt (`Efficiently Amalgamated CNN-Transformer Architecture <https://arxiv.org/abs/2206.10589>`_).

    ======= ================= ========== ==========
    arch    channels          depths     num_heads
    ======= ================= ========== ==========
    xxsmall 24, 48, 88, 168   2, 2, 6, 2 4, 4, 4, 4
    xsmall  32, 64, 100, 192  3, 3, 9, 3 4, 4, 4, 4
    small   48, 96, 160, 304  3, 3, 9, 3 8, 8, 8, 8
    base    80, 160, 288, 584 3, 3, 9, 3 8, 8, 8, 8
    ======= ================= ========== ==========

    Args:
        arch: A name in ``arch_settings``, or a dict with ``channels``, ``depths`` and ``num_heads`` by stage.
        in_channels: Number of channels of an image.
        global_blocks: Number of blocks with attention at the end of each stage.
        global_block_type: Their type by stage, ``'None'`` or ``'SDTA'``.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        layer_scale_init_value: Start value of the scales of the branches.
        linear_pw_conv: Use linear layers on (B, H, W, C) instead of 1 x 1 convolutions.
        mlp_ratio: Width of the feed-forward networks of blocks with attention.
        conv_kernel_sizes: Kernel size of the depthwise convolutions by stage.
        use_pos_embd_csa: By stage, whether blocks with attention add a position encoding.
        use_pos_embd_global: Add a position encoding after the first stage.
        d2_scales: By stage, into how many parts blocks with attention split the channels.
        norm_cfg: The normalisation.
        out_indices: Stages whose output is returned; negative indices count from the end.
        frozen_stages: Freeze so many stages, the stem with the first.
        gap_before_final_norm: Return the normalised mean (B, C) instead of the normalised map (B, C, H, W).
        act_cfg: The activation.
        init_cfg: How the weights are initialised.
        norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        "xxsmall": _arch([24, 48, 88, 168], [2, 2, 6, 2], 4),
        "xsmall": _arch([32, 64, 100, 192], [3, 3, 9, 3], 4),
        "small": _arch([48, 96, 160, 304], [3, 3, 9, 3], 8),
        "base": _arch([80, 160, 288, 584], [3, 3, 9, 3], 8),
    }

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]] = "xxsmall",
        in_channels: int = 3,
        global_blocks: Sequence[int] = (0, 1, 1, 1),
        global_block_type: Sequence[str] = ("None", "SDTA", "SDTA", "SDTA"),
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        linear_pw_conv: bool = True,
        mlp_ratio: int = 4,
        conv_kernel_sizes: Sequence[int] = (3, 5, 7, 9),
        use_pos_embd_csa: Sequence[bool] = (False, True, False, False),
        use_pos_embd_global: bool = False,
        d2_scales: Sequence[int] = (2, 2, 3, 4),
        norm_cfg: Mapping[str, Any] = {"type": "LN2d", "eps": 1e-6},
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        act_cfg: Mapping[str, Any] = {"type": "GELU"},
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        BaseBackbone.__init__(
            self, init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        unknown = set(global_block_type) - {"None", "SDTA"}
        if unknown:
            raise ArgumentError(
                f"global_block_type must be 'None' or 'SDTA', got {sorted(unknown)}", key="global_block_type"
            )
        settings = self.get_arch(arch)
        self.depths = settings["depths"]
        rates = stage_drop_path_rates(drop_path_rate, self.depths)

        def block(stage: int, index: int) -> nn.Module:
            channels, rate = settings["channels"][stage], rates[stage][index]
            if index >= self.depths[stage] - global_blocks[stage]:
                return SDTAEncoder(
                    channels,
                    rate,
                    mlp_ratio=mlp_ratio,
                    use_pos_emb=use_pos_embd_csa[stage],
                    num_heads=settings["num_heads"][stage],
                    scales=d2_scales[stage],
                )
            size = conv_kernel_sizes[stage]
            return ConvNeXtBlock(
                channels,
                dw_conv_cfg={"kernel_size": size, "padding": size // 2},
                norm=norm_from(norm_cfg),
                act=act_from(act_cfg),
                linear_pw_conv=linear_pw_conv,
                drop_path_rate=rate,
                layer_scale_init_value=layer_scale_init_value,
            )

        self.pos_embed = PositionEncodingFourier(settings["channels"][0]) if use_pos_embd_global else None
        stages = ((block(i, j) for j in range(depth)) for i, depth in enumerate(self.depths))
        self.set_stages(settings["channels"], stages, norm_from(norm_cfg), in_channels)
        out_norm = nn.LayerNorm if gap_before_final_norm else norm_from(norm_cfg)
        self.set_output(out_indices, out_norm, gap_before_final_norm)
        self.freeze_declared(__class__)

    def run_stage(self, x: Tensor, stage: int) -> Tensor:
        """Run a map through a stage and what leads to it; add positions after the first."""
        x = super().run_stage(x, stage)
        if stage == 0 and self.pos_embed is not None:
            x = x + self.pos_embed((x.shape[2], x.shape[3]))
        return x
