"""Twins: https://arxiv.org/abs/2104.13840."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import BaseBackbone
from mmpretrain.models.base.module import BaseModule, ModuleList
from mmpretrain.models.layers.attention import MultiheadAttention, split_heads
from mmpretrain.models.layers.configurable import Norm, configurable, norm_from
from mmpretrain.models.layers.drop import DropPath, drop_path_rates
from mmpretrain.models.layers.ffn import FFN
from mmpretrain.models.layers.patch_embed import PatchEmbed
from mmpretrain.models.layers.shape import to_image, to_tokens
from mmpretrain.models.layers.window_attention import window_partition, window_reverse, windowed_attention
from mmpretrain.registry import MODELS

HW = tuple[int, int]


class ConditionalPositionEncoding(nn.Module):
    """Adds a depthwise convolution of the map, from which tokens learn where they are.

    From `Conditional Positional Encodings <https://arxiv.org/abs/2102.10882>`_.

    Args:
        channels: Number of channels C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, channels, kernel_size=3, padding=1, groups=channels)

    def forward(self, x: Tensor, hw: HW) -> Tensor:
        """Encode the tokens (B, h * w, C) of a map."""
        return x + to_tokens(self.proj(to_image(x, hw)))


@configurable
class GlobalSubsampledAttention(MultiheadAttention):
    """Attention to a map that a strided convolution has made smaller.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        norm: Normalisation of the smaller map.
        qkv_bias: Give queries, keys and values a bias.
        sr_ratio: By how much the map is made smaller along each side.
        **kwargs: Further arguments of :class:`MultiheadAttention`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        norm: Norm = nn.LayerNorm,
        qkv_bias: bool = True,
        sr_ratio: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(embed_dims, num_heads, **kwargs)
        del self.qkv
        self.q = nn.Linear(embed_dims, embed_dims, bias=qkv_bias)
        self.kv = nn.Linear(embed_dims, embed_dims * 2, bias=qkv_bias)
        self.sr = self.norm = None
        if sr_ratio > 1:
            self.sr = nn.Conv2d(embed_dims, embed_dims, kernel_size=sr_ratio, stride=sr_ratio)
            self.norm = norm(embed_dims)

    def forward(self, x: Tensor, hw: HW) -> Tensor:  # type: ignore[override]
        """Mix the tokens (B, h * w, C) of a map."""
        (q,) = split_heads(self.q(x), 1, self.num_heads)
        if self.sr is not None and self.norm is not None:
            x = self.norm(to_tokens(self.sr(to_image(x, hw))))
        k, v = split_heads(self.kv(x), 2, self.num_heads)
        return self.project(self.attend(q, k, v))


class LocallyGroupedSelfAttention(MultiheadAttention):
    """Attention within windows.

    Args:
        embed_dims: Number of channels C.
        num_heads: Number of heads.
        window_size: Side of a window; a map is padded to a multiple of it.
        **kwargs: Further arguments of :class:`MultiheadAttention`.
    """

    def __init__(self, embed_dims: int, num_heads: int, window_size: int = 1, **kwargs: Any) -> None:
        super().__init__(embed_dims, num_heads, **kwargs)
        self.window_size = window_size

    def forward(self, x: Tensor, hw: HW) -> Tensor:  # type: ignore[override]
        """Mix the tokens (B, h * w, C) of a map."""
        size = self.window_size
        bottom, right = -hw[0] % size, -hw[1] % size
        padded = (hw[0] + bottom, hw[1] + right)
        image = F.pad(x.unflatten(1, hw), (0, 0, 0, right, 0, bottom))
        mask = self.padding_mask(hw, padded, x.device) if bottom or right else None
        q, k, v = split_heads(self.qkv(window_partition(image, size).flatten(1, 2)), 3, self.num_heads)
        dropout = self.attn_drop if self.training else 0.0
        out = windowed_attention(q, k, v, mask=mask, dropout=dropout, scale=self.scale)
        out = window_reverse(out, *padded, size)[:, : hw[0], : hw[1]]
        return self.project(out.flatten(1, 2))

    def padding_mask(self, hw: HW, padded: HW, device: torch.device) -> Tensor:
        """Keep positions and padding apart: 0 where attention is allowed, -1000 elsewhere, (W, N, N)."""
        inside = [torch.arange(size, device=device) < limit for size, limit in zip(padded, hw)]
        inside = (inside[0][:, None] & inside[1][None, :]).view(1, *padded, 1)
        inside = window_partition(inside, self.window_size).flatten(1)
        return (inside[:, None, :] != inside[:, :, None]) * -1000.0


@configurable
class TwinsLayer(BaseModule):
    """Attention over a map and a feed-forward network, each after a norm and with a residual connection.

    Args:
        attn: The attention.
        embed_dims: Number of channels C.
        feedforward_channels: Number of hidden channels of the feed-forward network.
        drop_rate: Dropout rate in the feed-forward network.
        drop_path_rate: Stochastic-depth rate of both branches.
        norm: The normalisation.
    """

    def __init__(
        self,
        attn: nn.Module,
        embed_dims: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm: Norm = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.norm1 = norm(embed_dims)
        self.attn = attn
        self.norm2 = norm(embed_dims)
        self.ffn = FFN(embed_dims, feedforward_channels, act=nn.GELU, ffn_drop=drop_rate, add_identity=False)
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor, hw: HW) -> Tensor:
        """Transform the tokens (B, h * w, C) of a map."""
        x = x + self.drop_path(self.attn(self.norm1(x), hw))
        return x + self.drop_path(self.ffn(self.norm2(x)))


def _arch(
    embed_dims: list[int], depths: list[int], num_heads: list[int], mlp_ratios: list[int], **more: Any
) -> dict[str, list[int]]:
    return {
        "embed_dims": embed_dims,
        "depths": depths,
        "num_heads": num_heads,
        "patch_sizes": [4, 2, 2, 2],
        "strides": [4, 2, 2, 2],
        "mlp_ratios": mlp_ratios,
        "sr_ratios": [8, 4, 2, 1],
        **more,
    }


@MODELS.register_module()
class PCPVT(BaseBackbone):
    """Pyramid Vision Transformer with conditional positions (`Twins <https://arxiv.org/abs/2104.13840>`_).

    ======== ================= =========== ==========
    arch     embed_dims        depths      num_heads
    ======== ================= =========== ==========
    s, small 64, 128, 320, 512 3, 4, 6, 3  1, 2, 5, 8
    b, base  64, 128, 320, 512 3, 4, 18, 3 1, 2, 5, 8
    l, large 64, 128, 320, 512 3, 8, 27, 3 1, 2, 5, 8
    ======== ================= =========== ==========

    Args:
        arch: A name in ``arch_settings``, or a dict with such settings.
        in_channels: Number of channels of an image.
        out_indices: Stages whose map (B, C, h, w) is returned; negative indices count from the end.
        qkv_bias: Give queries, keys and values a bias.
        drop_rate: Dropout rate of the tokens, and after attention and feed-forward networks.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Stochastic-depth rate of the last layer; it grows from 0 at the first.
        norm_cfg: The normalisation.
        norm_after_stage: Whether to normalise after the stages, for all or one by one.
        init_cfg: How the weights are initialised.
        frozen_stages, norm_eval, with_cp, freeze: See :class:`BaseBackbone`.
    """

    arch_settings: Mapping[Any, Any] = {
        ("s", "small"): _arch([64, 128, 320, 512], [3, 4, 6, 3], [1, 2, 5, 8], [8, 8, 4, 4]),
        ("b", "base"): _arch([64, 128, 320, 512], [3, 4, 18, 3], [1, 2, 5, 8], [8, 8, 4, 4]),
        ("l", "large"): _arch([64, 128, 320, 512], [3, 8, 27, 3], [1, 2, 5, 8], [8, 8, 4, 4]),
    }
    stages: Any  # a ModuleList of ModuleLists, which a type checker takes for plain modules

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        in_channels: int = 3,
        out_indices: int | Sequence[int] = (3,),
        qkv_bias: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = {"type": "LN"},
        norm_after_stage: bool | Sequence[bool] = False,
        init_cfg: dict | list[dict] | None = None,
        *,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm = norm_from(norm_cfg)
        settings = self.settings = self.get_arch(arch)
        widths, depths = settings["embed_dims"], settings["depths"]
        self.num_stages = len(depths)
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        self.patch_embeds = ModuleList(
            PatchEmbed(
                widths[i - 1] if i else in_channels,
                widths[i],
                kernel_size=settings["patch_sizes"][i],
                stride=settings["strides"][i],
                norm=nn.LayerNorm,
            )
            for i in range(self.num_stages)
        )
        self.position_encoding_drops = ModuleList(nn.Dropout(drop_rate) for _ in widths)
        attn = {"qkv_bias": qkv_bias, "attn_drop": attn_drop_rate, "proj_drop": drop_rate}
        rates = iter(drop_path_rates(drop_path_rate, sum(depths)))
        self.stages = ModuleList(
            ModuleList(
                TwinsLayer(
                    self.make_attention(i, j, norm, **attn),
                    width,
                    settings["mlp_ratios"][i] * width,
                    drop_rate,
                    next(rates),
                    norm,
                )
                for j in range(depths[i])
            )
            for i, width in enumerate(widths)
        )
        self.position_encodings = ModuleList(ConditionalPositionEncoding(width) for width in widths)
        wanted = (
            [norm_after_stage] * self.num_stages if isinstance(norm_after_stage, bool) else norm_after_stage
        )
        if len(wanted) != self.num_stages:
            raise ArgumentError(
                f"Expected {self.num_stages} values of norm_after_stage, got {len(wanted)}",
                key="norm_after_stage",
            )
        for i, width in enumerate(widths):
            self.add_module(f"norm_after_stage{i}", norm(width) if wanted[i] else nn.Identity())
        self.freeze_declared(__class__)

    def make_attention(self, stage: int, index: int, norm: Norm, **kwargs: Any) -> nn.Module:
        """Make the attention of a layer."""
        return GlobalSubsampledAttention(
            self.settings["embed_dims"][stage],
            self.settings["num_heads"][stage],
            norm=norm,
            sr_ratio=self.settings["sr_ratios"][stage],
            **kwargs,
        )

    def init_weights(self) -> None:
        """Start with truncated normal linear layers, and convolutions by the size of their output."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
            elif isinstance(module, nn.Conv2d):
                fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
                nn.init.normal_(module.weight, std=math.sqrt(2.0 / fan_out))
            else:
                continue
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        super().init_weights()

    def freeze_groups(self) -> list[list[str]]:
        """The first patch embedding, then each stage with the downsampling before it."""
        stages = [
            [f"{part}.{i}" for part in ("patch_embeds", "position_encodings", "stages")]
            + [f"position_encoding_drops.{i}", f"norm_after_stage{i}"]
            for i in range(self.num_stages)
        ]
        return [["patch_embeds.0"], *stages]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (B, C, h, w) of the stages in ``out_indices`` for images (B, 3, H, W)."""
        outs = []
        for i, layers in enumerate(self.stages):
            x, hw = self.patch_embeds[i](x)
            x = self.position_encoding_drops[i](x)
            for j, layer in enumerate(layers):
                x = self.run(layer, x, hw)
                if j == 0:
                    x = self.position_encodings[i](x, hw)
            x = to_image(getattr(self, f"norm_after_stage{i}")(x), hw).contiguous()
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


@MODELS.register_module()
class SVT(PCPVT):
    """Twins-SVT: attention within windows and to a smaller map in turn (`Twins
    <https://arxiv.org/abs/2104.13840>`_).

    It takes the arguments of :class:`PCPVT`.

    ======== =================== =========== ============
    arch     embed_dims          depths      num_heads
    ======== =================== =========== ============
    s, small 64, 128, 256, 512   2, 2, 10, 4 2, 4, 8, 16
    b, base  96, 192, 384, 768   2, 2, 18, 2 3, 6, 12, 24
    l, large 128, 256, 512, 1024 2, 2, 18, 2 4, 8, 16, 32
    ======== =================== =========== ============
    """

    arch_settings = {
        ("s", "small"): _arch(
            [64, 128, 256, 512], [2, 2, 10, 4], [2, 4, 8, 16], [4] * 4, window_sizes=[7] * 4
        ),
        ("b", "base"): _arch(
            [96, 192, 384, 768], [2, 2, 18, 2], [3, 6, 12, 24], [4] * 4, window_sizes=[7] * 4
        ),
        ("l", "large"): _arch(
            [128, 256, 512, 1024], [2, 2, 18, 2], [4, 8, 16, 32], [4] * 4, window_sizes=[7] * 4
        ),
    }

    def make_attention(self, stage: int, index: int, norm: Norm, **kwargs: Any) -> nn.Module:
        """Make the attention of a layer."""
        if index % 2:
            return super().make_attention(stage, index, norm, **kwargs)
        return LocallyGroupedSelfAttention(
            self.settings["embed_dims"][stage],
            self.settings["num_heads"][stage],
            window_size=self.settings["window_sizes"][stage],
            **kwargs,
        )
