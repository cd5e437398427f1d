"""Visual Attention Network: https://arxiv.org/abs/2202.09741."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.configurable import Act, Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath, drop_path_rates
from mmpretrain.models.layers.shape import to_image, to_tokens
from mmpretrain.registry import MODELS


@configurable
class MixFFN(nn.Module):
    """A feed-forward network by position with a depthwise convolution in the middle.

    Args:
        embed_dims: Number of channels in and out.
        feedforward_channels: Number of hidden channels.
        act: The activation.
        ffn_drop: Dropout rate after the activation and after the last layer.
    """

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int,
        act: Act = nn.GELU,
        ffn_drop: float = 0.0,
    ) -> None:
        super().__init__()
        hidden = feedforward_channels
        self.fc1 = nn.Conv2d(embed_dims, hidden, kernel_size=1)
        self.dwconv = nn.Conv2d(hidden, hidden, kernel_size=3, padding=1, groups=hidden)
        self.act = act()
        self.fc2 = nn.Conv2d(hidden, embed_dims, kernel_size=1)
        self.drop = nn.Dropout(ffn_drop)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        return self.drop(self.fc2(self.drop(self.act(self.dwconv(self.fc1(x))))))


class LKA(nn.Module):
    """Gates from a large kernel, which is split into a depthwise, a dilated and a 1 x 1 convolution.

    Args:
        embed_dims: Number of channels.
    """

    def __init__(self, embed_dims: int) -> None:
        super().__init__()
        dim = embed_dims
        self.DW_conv = nn.Conv2d(dim, dim, kernel_size=5, padding=2, groups=dim)
        self.DW_D_conv = nn.Conv2d(dim, dim, kernel_size=7, padding=9, dilation=3, groups=dim)
        self.conv1 = nn.Conv2d(embed_dims, embed_dims, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        return x * self.conv1(self.DW_D_conv(self.DW_conv(x)))


class SpatialAttention(nn.Module):
    """Gates from a large kernel between two projections, with a residual connection.

    Args:
        embed_dims: Number of channels.
        act: The activation.
    """

    def __init__(self, embed_dims: int, act: Act = nn.GELU) -> None:
        super().__init__()
        self.proj_1 = nn.Conv2d(embed_dims, embed_dims, kernel_size=1)
        self.activation = act()
        self.spatial_gating_unit = LKA(embed_dims)
        self.proj_2 = nn.Conv2d(embed_dims, embed_dims, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the positions of ``x`` (B, C, H, W)."""
        return x + self.proj_2(self.spatial_gating_unit(self.activation(self.proj_1(x))))


@configurable
class VANBlock(BaseModule):
    """Attention by a large kernel and a feed-forward network, each scaled and with a residual connection.

    Args:
        embed_dims: Number of channels C.
        ffn_ratio: Width of the feed-forward network, relative to C.
        drop_rate: Dropout rate in the feed-forward network.
        drop_path_rate: Stochastic-depth rate of both branches.
        act: The activation.
        norm: The normalisation.
        layer_scale_init_value: Start value of the scales of both branches; 0 for none.
    """

    def __init__(
        self,
        embed_dims: int,
        ffn_ratio: float = 4.0,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act: Act = nn.GELU,
        norm: Norm = nn.BatchNorm2d,
        layer_scale_init_value: float = 1e-2,
    ) -> None:
        super().__init__()
        self.norm1 = norm(embed_dims)
        self.attn = SpatialAttention(embed_dims, act)
        self.norm2 = norm(embed_dims)
        self.mlp = MixFFN(embed_dims, int(embed_dims * ffn_ratio), act, drop_rate)
        self.drop_path = DropPath(drop_path_rate)
        scale = torch.full((embed_dims,), layer_scale_init_value)
        scaled = layer_scale_init_value > 0
        self.layer_scale_1 = nn.Parameter(scale) if scaled else None
        self.layer_scale_2 = nn.Parameter(scale.clone()) if scaled else None

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        x = x + self._branch(self.attn(self.norm1(x)), self.layer_scale_1)
        return x + self._branch(self.mlp(self.norm2(x)), self.layer_scale_2)

    def _branch(self, x: Tensor, scale: Tensor | None) -> Tensor:
        return self.drop_path(x if scale is None else scale.view(-1, 1, 1) * x)


class VANPatchEmbed(nn.Module):
    """A convolution with overlapping patches, and a batch norm.

    Args:
        in_channels: Number of channels in.
        embed_dims: Number of channels out.
        patch_size: Kernel size; the stride is half of it, rounded up.
    """

    def __init__(self, in_channels: int, embed_dims: int, patch_size: int) -> None:
        super().__init__()
        half = patch_size // 2
        self.projection = nn.Conv2d(in_channels, embed_dims, patch_size, stride=half + 1, padding=half)
        self.norm = nn.BatchNorm2d(embed_dims)

    def forward(self, x: Tensor) -> Tensor:
        """Embed the patches of ``x`` (B, C, H, W)."""
        return self.norm(self.projection(x))


@MODELS.register_module()
class VAN(BaseBackbone):
    """Visual Attention Network (`VAN <https://arxiv.org/abs/2202.09741>`_).

    ======== ================= =========== ==========
    arch     embed_dims        depths      ffn_ratios
    ======== ================= =========== ==========
    t, tiny  32, 64, 160, 256  3, 3, 5, 2  8, 8, 4, 4
    s, small 64, 128, 320, 512 2, 2, 4, 2  8, 8, 4, 4
    b, base  64, 128, 320, 512 3, 3, 12, 3 8, 8, 4, 4
    l, large 64, 128, 320, 512 3, 5, 27, 3 8, 8, 4, 4
    ======== ================= =========== ==========

    Args:
        arch: A name in ``arch_settings``, or a dict with ``embed_dims``, ``depths`` and ``ffn_ratios``.
        patch_sizes: Kernel size, by stage, of the convolution that leads to it.
        in_channels: Number of channels of an image.
        drop_rate: Dropout rate in the feed-forward networks.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        out_indices: Stages whose map (B, C, h, w) is returned; negative indices count from the end.
        norm_cfg: Normalisation after each stage.
        block_cfgs: Further arguments of the blocks.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("t", "tiny"): dict(embed_dims=[32, 64, 160, 256], depths=[3, 3, 5, 2], ffn_ratios=[8, 8, 4, 4]),
        ("s", "small"): dict(embed_dims=[64, 128, 320, 512], depths=[2, 2, 4, 2], ffn_ratios=[8, 8, 4, 4]),
        ("b", "base"): dict(embed_dims=[64, 128, 320, 512], depths=[3, 3, 12, 3], ffn_ratios=[8, 8, 4, 4]),
        ("l", "large"): dict(embed_dims=[64, 128, 320, 512], depths=[3, 5, 27, 3], ffn_ratios=[8, 8, 4, 4]),
    }

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]] = "tiny",
        patch_sizes: Sequence[int] = (7, 3, 3, 3),
        in_channels: int = 3,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        block_cfgs: Mapping[str, Any] = {},
        init_cfg: dict | list[dict] | None = None,
        *,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.get_arch(arch)
        widths, depths = settings["embed_dims"], settings["depths"]
        self.num_stages = len(depths)
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        rates = iter(drop_path_rates(drop_path_rate, sum(depths)))
        for i, (width, depth, ratio) in enumerate(zip(widths, depths, settings["ffn_ratios"])):
            embed = VANPatchEmbed(widths[i - 1] if i else in_channels, width, patch_sizes[i])
            blocks = (
                VANBlock(width, ratio, drop_rate, drop_path_rate=next(rates), **block_cfgs)
                for _ in range(depth)
            )
            self.add_module(f"patch_embed{i + 1}", embed)
            self.add_module(f"blocks{i + 1}", ModuleList(blocks))
            self.add_module(f"norm{i + 1}", norm(width))
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """Each stage with the downsampling before it and the norm after it."""
        return [[f"patch_embed{i}", f"blocks{i}", f"norm{i}"] for i in range(1, self.num_stages + 1)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (B, C, h, w) of the stages in ``out_indices`` for images (B, 3, H, W)."""
        outs = []
        for i in range(self.num_stages):
            x = getattr(self, f"patch_embed{i + 1}")(x)
            for block in getattr(self, f"blocks{i + 1}"):
                x = self.run(block, x)
            x = to_image(getattr(self, f"norm{i + 1}")(to_tokens(x)), (x.shape[2], x.shape[3]))
            if i in self.out_indices:
                outs.append(x.contiguous())
        return tuple(outs)
