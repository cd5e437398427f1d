"""MobileViT (`Light-weight, General-purpose, and Mobile-friendly ViT <https://arxiv.org/abs/2110.02178>`_)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones.base import KAIMING_INIT, BaseBackbone
from mmpretrain.models.layers import ConvModule, LinearBottleneck, TransformerEncoderLayer
from mmpretrain.models.layers.configurable import Norm, act_from, conv_from, norm_from
from mmpretrain.registry import MODELS


class MobileVitBlock(nn.Module):
    """Convolutions, then a transformer among the pixels with the same place in their patch.

    Args:
        in_channels: Input channels.
        transformer_dim: Channels of the transformer.
        ffn_dim: Hidden channels of its feed-forward networks.
        out_channels: Output channels.
        num_transformer_blocks: Number of its layers.
        parts: ``conv``, ``norm`` and ``act``.
        conv_ksize: Size of the convolutions.
        patch_size: Side of a patch.
        num_heads: Number of attention heads.
        transformer_norm: The norm of the transformer.
    """

    def __init__(
        self,
        in_channels: int,
        transformer_dim: int,
        ffn_dim: int,
        out_channels: int,
        num_transformer_blocks: int,
        parts: Mapping[str, Any],
        conv_ksize: int = 3,
        patch_size: int = 2,
        num_heads: int = 4,
        transformer_norm: Norm = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        padding = conv_ksize // 2
        plain = {"conv": parts["conv"], "norm": None, "act": None}
        self.local_rep = nn.Sequential(
            ConvModule(in_channels, in_channels, conv_ksize, padding=padding, **parts),
            ConvModule(in_channels, transformer_dim, 1, bias=False, **plain),
        )
        options = {"act": parts["act"], "norm": transformer_norm}
        self.global_rep = nn.Sequential(
            *(
                TransformerEncoderLayer(transformer_dim, num_heads, ffn_dim, **options)
                for _ in range(num_transformer_blocks)
            ),
            transformer_norm(transformer_dim),
        )
        self.conv_proj = ConvModule(transformer_dim, out_channels, 1, **parts)
        self.conv_fusion = ConvModule(
            in_channels + out_channels, out_channels, conv_ksize, padding=padding, **parts
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W); sizes that are no multiple of a patch are interpolated."""
        out = self.local_rep(x)
        height, width = size = out.shape[2:]
        side = self.patch_size
        rows, columns = -(-height // side), -(-width // side)
        fits = (rows * side, columns * side) == (height, width)
        if not fits:
            out = F.interpolate(out, size=(rows * side, columns * side), mode="bilinear")
        out = from_patches(self.global_rep(to_patches(out, side)), side, (rows, columns))
        if not fits:
            out = F.interpolate(out, size=size, mode="bilinear")
        return self.conv_fusion(torch.cat((x, self.conv_proj(out)), 1))


def to_patches(x: Tensor, side: int) -> Tensor:
    """(B, C, H, W) as tokens (B * side², H / side * W / side, C): by place in the patch, then by patch."""
    x = x.unflatten(3, (-1, side)).unflatten(2, (-1, side))  # (B, C, h, side, w, side)
    return x.permute(0, 3, 5, 2, 4, 1).flatten(3, 4).flatten(0, 2)


def from_patches(tokens: Tensor, side: int, grid: tuple[int, int]) -> Tensor:
    """Undo :func:`to_patches`; ``grid`` is the number of patches (h, w)."""
    x = tokens.unflatten(1, grid).unflatten(0, (-1, side, side))  # (B, side, side, h, w, C)
    return x.permute(0, 5, 3, 1, 4, 2).flatten(4, 5).flatten(2, 3)


def _arch(widths: Sequence[int], dims: Sequence[int], expand_ratio: int) -> list[list[Any]]:
    """Layers of 1 and 3 inverted residuals, then three with transformers of 2, 4 and 3 layers."""
    first, second, *others = widths
    return [
        ["mobilenetv2", first, 1, 1, expand_ratio],
        ["mobilenetv2", second, 2, 3, expand_ratio],
        *(
            ["mobilevit", width, 2, dim, 2 * dim, depth, expand_ratio]
            for width, dim, depth in zip(others, dims, (2, 4, 3))
        ),
    ]


@MODELS.register_module()
class MobileViT(BaseBackbone):
    """MobileViT: inverted residuals, with transformers in the last three of its five layers.

    From `MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer
    <https://arxiv.org/abs/2110.02178>`_.

    ======== ==================== ==================== ============
    arch     channels             of the transformers  expand_ratio
    ======== ==================== ==================== ============
    small    32, 64, 96, 128, 160 144, 192, 240        4
    x_small  32, 48, 64, 80, 96   96, 120, 144         4
    xx_small 16, 24, 48, 64, 80   64, 80, 96           2
    ======== ==================== ==================== ============

    Args:
        arch: A name of the table, or a list of layers: ``['mobilenetv2', channels, stride, blocks,
            expand_ratio]`` or ``['mobilevit', channels, stride, transformer channels, hidden channels,
            transformer layers, expand_ratio]``.
        in_channels: Channels of the image.
        stem_channels: Output channels of the stem.
        last_exp_factor: How much the last convolution widens.
        out_indices: Layers to output; the last with the last convolution.
        frozen_stages: Freeze the stem (0) and the layers up to this one; -1 freezes nothing.
        conv_cfg: Type of convolution.
        norm_cfg: Type of norm.
        act_cfg: Type of activation.
        init_cfg: How the weights are initialised.
        norm_eval: Keep batch-norm statistics as they are when training.
        with_cp: Recompute activations in the backward pass to save memory.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    arch_settings: Mapping[str, Sequence[Sequence[Any]]] = {
        "small": _arch((32, 64, 96, 128, 160), (144, 192, 240), 4),
        "x_small": _arch((32, 48, 64, 80, 96), (96, 120, 144), 4),
        "xx_small": _arch((16, 24, 48, 64, 80), (64, 80, 96), 2),
    }
    stem_names = ("stem",)

    def __init__(
        self,
        arch: str | Sequence[Sequence[Any]] = "small",
        in_channels: int = 3,
        stem_channels: int = 16,
        last_exp_factor: int = 4,
        out_indices: int | Sequence[int] = (4,),
        frozen_stages: int = -1,
        conv_cfg: dict | None = None,
        norm_cfg: dict = {"type": "BN"},  # noqa: B006
        act_cfg: dict = {"type": "Swish"},  # noqa: B006
        init_cfg: dict | list[dict] | None = KAIMING_INIT,
        norm_eval: bool = False,
        with_cp: bool = False,
        freeze: str | None = None,
    ) -> None:
        super().__init__(
            init_cfg, frozen_stages=frozen_stages, norm_eval=norm_eval, with_cp=with_cp, freeze=freeze
        )
        norm, act, conv = norm_from(norm_cfg), act_from(act_cfg), conv_from(conv_cfg)
        self.arch = self.get_arch(arch) if isinstance(arch, str) else arch
        self.num_stages = len(self.arch)
        self.out_indices = self.take_indices(out_indices, self.num_stages)
        parts = {"conv": conv, "norm": norm, "act": act}
        self.stem = ConvModule(in_channels, stem_channels, 3, stride=2, padding=1, **parts)
        self.layers = nn.Sequential()
        channels = stem_channels
        for settings in self.arch:
            self.layers.append(nn.Sequential(*make_layer(channels, settings, parts)))
            channels = settings[1]
        self.conv_1x1_exp = ConvModule(channels, last_exp_factor * channels, 1, **parts)
        self.stage_names = tuple(f"layers.{i}" for i in range(self.num_stages))
        self.freeze_declared(__class__)

    def freeze_groups(self) -> Sequence[Sequence[str]]:
        """The stem, then each layer; the last with the last convolution."""
        *names, last = self.stage_names
        return [self.stem_names, *([name] for name in names), [last, "conv_1x1_exp"]]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to layers, the last of shape (B, C, H / 32, W / 32)."""
        outs = self.forward_stages(self.stem(x), self.stage_names)
        last = self.num_stages - 1
        return tuple(self.conv_1x1_exp(x) if i == last else x for i, x in zip(sorted(self.out_indices), outs))


def make_layer(in_channels: int, settings: Sequence[Any], parts: Mapping[str, Any]) -> list[nn.Module]:
    """Make the blocks of one layer of an arch."""
    kind, channels, stride, *others = settings
    if kind == "mobilenetv2":
        blocks, expand_ratio = others if len(others) == 2 else (*others, 4)
        widths = [in_channels] + [channels] * (blocks - 1)
        return [
            LinearBottleneck(width, channels, 1 if i else stride, expand_ratio, **parts)
            for i, width in enumerate(widths)
        ]
    if kind == "mobilevit":
        dim, ffn_dim, depth, expand_ratio = others if len(others) == 4 else (*others, 4)
        return [
            LinearBottleneck(in_channels, channels, stride, expand_ratio, **parts),
            MobileVitBlock(channels, dim, ffn_dim, channels, depth, parts),
        ]
    raise ArgumentError(f"MobileViT has layers 'mobilenetv2' and 'mobilevit', not {kind!r}")
