"""HorNet: https://arxiv.org/abs/2207.14284."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base_staged import StagedBackbone
from mmpretrain.models.layers.drop import DropPath, stage_drop_path_rates
from mmpretrain.models.layers.layer_norm import LayerNorm2d
from mmpretrain.models.layers.layer_scale import LayerScale
from mmpretrain.registry import MODELS

channel_norm = partial(LayerNorm2d, eps=1e-6)


class GlobalLocalFilter(nn.Module):
    """A depthwise convolution for half of the channels, a filter in the frequency domain for the others.

    Args:
        dim: Number of channels.
        h: Number of vertical frequencies of the filter; it is resized for other maps.
        w: Number of horizontal frequencies.
    """

    def __init__(self, dim: int, h: int = 14, w: int = 8) -> None:
        super().__init__()
        half = dim // 2
        self.dw = nn.Conv2d(half, half, kernel_size=3, padding=1, bias=False, groups=half)
        self.complex_weight = nn.Parameter(torch.randn(half, h, w, 2) * 0.02)
        self.pre_norm = channel_norm(dim)
        self.post_norm = channel_norm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Filter ``x`` (B, C, H, W); the channels of the two halves alternate in the output."""
        local, spread = self.pre_norm(x).chunk(2, dim=1)
        size = spread.shape[-2:]
        spectrum = torch.fft.rfft2(spread.float(), norm="ortho")
        weight = self.complex_weight
        if weight.shape[1:3] != spectrum.shape[-2:]:
            weight = weight.permute(3, 0, 1, 2)
            weight = F.interpolate(weight, size=spectrum.shape[-2:], mode="bilinear", align_corners=True)
            weight = weight.permute(1, 2, 3, 0)
        filtered = spectrum * torch.view_as_complex(weight.float().contiguous())
        spread = torch.fft.irfft2(filtered, s=size, norm="ortho").to(local.dtype)
        return self.post_norm(torch.stack((self.dw(local), spread), dim=2).flatten(1, 2))


def spatial_filter(dim: int, cfg: Mapping[str, Any]) -> nn.Module:
    """Make a depthwise convolution (type ``'DW'``) or a :class:`GlobalLocalFilter` (``'GF'``)."""
    args = dict(cfg)
    kind = args.pop("type")
    if kind == "GF":
        return GlobalLocalFilter(dim, **args)
    if kind == "DW":
        return nn.Conv2d(dim, dim, padding=(args["kernel_size"] - 1) // 2, groups=dim, **args)
    raise ArgumentError(f"dw_cfg must have the type 'DW' or 'GF', got {kind!r}", key="dw_cfg")


class GnConv(nn.Module):
    """Recursive gated convolution: ever wider features, each gated by a part of a filtered map.

    Args:
        dim: Number of channels C.
        order: Number of gates.
        dw_cfg: The filter, see :func:`spatial_filter`.
        scale: Scale of the filtered map.
    """

    def __init__(
        self,
        dim: int,
        order: int = 5,
        dw_cfg: Mapping[str, Any] = {"type": "DW", "kernel_size": 7},
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.dims = [dim // 2**i for i in reversed(range(order))]
        self.scale = scale
        self.proj_in = nn.Conv2d(dim, 2 * dim, 1)
        self.dwconv = spatial_filter(sum(self.dims), dw_cfg)
        self.proj_out = nn.Conv2d(dim, dim, 1)
        self.projs = nn.ModuleList(nn.Conv2d(before, after, 1) for before, after in pairwise(self.dims))

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        x, gates = self.proj_in(x).split((self.dims[0], sum(self.dims)), dim=1)
        first, *others = (self.dwconv(gates) * self.scale).split(self.dims, dim=1)
        x = x * first
        for proj, gate in zip(self.projs, others):
            x = proj(x) * gate
        return self.proj_out(x)


class HorNetBlock(nn.Module):
    """A recursive gated convolution and a feed-forward network, each with a residual connection.

    Args:
        dim: Number of channels C.
        order: Number of gates.
        dw_cfg: The filter of the gates, see :func:`spatial_filter`.
        scale: Scale of the gates.
        drop_path_rate: Stochastic-depth rate of both branches.
        use_layer_scale: Scale both branches.
    """

    def __init__(
        self,
        dim: int,
        order: int = 5,
        dw_cfg: Mapping[str, Any] = {"type": "DW", "kernel_size": 7},
        scale: float = 1.0,
        drop_path_rate: float = 0.0,
        use_layer_scale: bool = True,
    ) -> None:
        super().__init__()
        self.norm1 = channel_norm(dim)
        self.gnconv = GnConv(dim, order, dw_cfg, scale)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(4 * dim, dim)
        scaled = use_layer_scale
        self.gamma1 = LayerScale(dim, data_format="channels_first") if scaled else nn.Identity()
        self.gamma2 = LayerScale(dim) if scaled else nn.Identity()
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (B, C, H, W)."""
        x = x + self.drop_path(self.gamma1(self.gnconv(self.norm1(x))))
        hidden = self.act(self.pwconv1(self.norm2(x.permute(0, 2, 3, 1))))
        return x + self.drop_path(self.gamma2(self.pwconv2(hidden)).permute(0, 3, 1, 2))


_CONV = {"type": "DW", "kernel_size": 7}


def _arch(base_dim: int, *filters: tuple[int, int]) -> dict[str, Any]:
    """Settings of an arch; ``filters`` are the sizes of the filters of the last stages."""
    spectral = [{"type": "GF", "h": h, "w": w} for h, w in filters]
    return {
        "base_dim": base_dim,
        "depths": [2, 3, 18, 2],
        "orders": [2, 3, 4, 5],
        "dw_cfg": [_CONV] * (4 - len(spectral)) + spectral,
    }


@MODELS.register_module()
class HorNet(StagedBackbone):
    """HorNet (`Efficient High-Order Spatial Interactions with Recursive Gated Convolutions
    <https://arxiv.org/abs/2207.14284>`_).

    ==================== ======== =========== ==========
    arch                 base_dim depths      orders
    ==================== ======== =========== ==========
    t, tiny              64       2, 3, 18, 2 2, 3, 4, 5
    t-gf, tiny-gf        64       2, 3, 18, 2 2, 3, 4, 5
    s, small             96       2, 3, 18, 2 2, 3, 4, 5
    s-gf, small-gf       96       2, 3, 18, 2 2, 3, 4, 5
    b, base              128      2, 3, 18, 2 2, 3, 4, 5
    b-gf, base-gf        128      2, 3, 18, 2 2, 3, 4, 5
    b-gf384, base-gf384  128      2, 3, 18, 2 2, 3, 4, 5
    l, large             192      2, 3, 18, 2 2, 3, 4, 5
    l-gf, large-gf       192      2, 3, 18, 2 2, 3, 4, 5
    l-gf384, large-gf384 192      2, 3, 18, 2 2, 3, 4, 5
    ==================== ======== =========== ==========

    Args:
        arch: A name in ``arch_settings``, or a dict with ``base_dim``, and ``depths``, ``orders`` and
            ``dw_cfg`` by stage.
        in_channels: Number of channels of an image.
        drop_path_rate: Stochastic-depth rate of the last block; it grows from 0 at the first.
        scale: Scale of the gates.
        use_layer_scale: Scale the branches of the blocks.
        out_indices: Stages whose output is returned; negative indices count from the end.
        gap_before_final_norm: Return the normalised mean (B, C) instead of the normalised map (B, C, H, W).
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings = {
        ("t", "tiny"): _arch(64),
        ("t-gf", "tiny-gf"): _arch(64, (14, 8), (7, 4)),
        ("s", "small"): _arch(96),
        ("s-gf", "small-gf"): _arch(96, (14, 8), (7, 4)),
        ("b", "base"): _arch(128),
        ("b-gf", "base-gf"): _arch(128, (14, 8), (7, 4)),
        ("b-gf384", "base-gf384"): _arch(128, (24, 12), (13, 7)),
        ("l", "large"): _arch(192),
        ("l-gf", "large-gf"): _arch(192, (14, 8), (7, 4)),
        ("l-gf384", "large-gf384"): _arch(192, (24, 12), (13, 7)),
    }

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "tiny",
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        scale: float = 1 / 3,
        use_layer_scale: bool = True,
        out_indices: int | Sequence[int] = (3,),
        frozen_stages: int = -1,
        with_cp: bool = False,
        gap_before_final_norm: bool = True,
        init_cfg: dict | list[dict] | None = None,
        *,
        norm_eval: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        settings = self.get_arch(arch)
        channels = [settings["base_dim"] * 2**i for i in range(4)]
        rates = stage_drop_path_rates(drop_path_rate, settings["depths"])
        stages = (
            [HorNetBlock(channels[i], order, dw_cfg, scale, rate, use_layer_scale) for rate in rates[i]]
            for i, (order, dw_cfg) in enumerate(zip(settings["orders"], settings["dw_cfg"]))
        )
        self.set_stages(channels, stages, channel_norm, in_channels)
        self.set_output(out_indices, channel_norm, gap_before_final_norm)
        self.freeze_declared(__class__)

    def freeze_groups(self) -> list[list[str]]:
        """Each stage with the downsampling before it and the norm after it."""
        return [[*group, f"norm{i}"] for i, group in enumerate(self.stage_groups())]
